"use strict";
/* What pages do better while somebody types. Every page works without this file: what it does, a form does too.

   Holds no rule, no text and no address: all of these stand in the page, in `data-` attributes and in what the server answers.
   Never makes a page from what was typed: it puts in what the server has rendered, and asks no other server for anything.

     data-ask="/address"      an input: what stands in it is asked there while it is typed, and answered with parts of the page
     <form data-draft="/a">   each change is saved there at once; its answer stands in the form's [data-said]
     <form data-enter>        Enter goes on to the next field, and saves after the last
     data-key="ArrowLeft"     a link: that key goes where it leads, unless somebody types
     data-tick="name-"        a button: ticks every box whose name begins so
     data-idle="60"           on body: so many seconds without a touch, a key or a scroll lead to the address in data-to
     data-print               a button: opens the printing window; data-print-now: it opens by itself as the page is shown
     data-fills="id"          a choice: the chosen one's data-text is put into that field
     <form data-hash="a b">   a form that is filled from what follows # in the address, which no server gets to see
*/

const PAUSE = 120; /* milliseconds without a key before something is asked */
const THROTTLE = 400; /* milliseconds between two saves of a field that is being typed in */

/* -- parts of a page -------------------------------------------------------------------------------------------- */

/* Puts each element of an answer in the place of the one that has its id. Scripts in it would not run.
   Whoever has gone into a list by the keyboard while it was asked for once more stays at the same entry. */
function replaceParts(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const part of [...parsed.body.children]) {
    const place = part.id && document.getElementById(part.id);
    if (!place || place.isEqualNode(part)) continue;
    const held = place.contains(document.activeElement) ? document.activeElement : null;
    place.replaceWith(part);
    if (held) [...part.querySelectorAll(held.localName)].find((each) => each.isEqualNode(held))?.focus();
  }
}

/* What stands in a form, without its files. */
function fieldsOf(form) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.append(name, value);
  return fields;
}

/* -- asked while it is typed ------------------------------------------------------------------------------------- */

function askWhileTyping(input) {
  let waiting = 0;
  let running = null;
  async function ask() {
    if (running) running.abort();
    running = new AbortController();
    const posts = input.form.method === "post";
    const address = posts ? input.dataset.ask : input.dataset.ask + "&q=" + encodeURIComponent(input.value);
    try {
      const answer = await fetch(address, {
        method: posts ? "POST" : "GET",
        body: posts ? fieldsOf(input.form) : null,
        redirect: "error",
        signal: running.signal,
      });
      if (answer.ok) replaceParts(await answer.text());
    } catch (error) {
      /* The page stands as it was, and its button asks the same. */
    }
  }
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  });
  if (input.value !== input.defaultValue) ask(); /* somebody typed before this file was here */
}

document.querySelectorAll("[data-ask]").forEach(askWhileTyping);

/* -- drafts ------------------------------------------------------------------------------------------------------ */

/* Keeps what stands in a form at the server, at each change. */
function keepDraft(form) {
  const counter = form.elements.namedItem("n");
  let queue = Promise.resolve();
  let due = false;
  let waiting = 0;
  let sent = -THROTTLE;

  function tell(sentence) {
    const place = form.querySelector("[data-said]");
    if (place) place.textContent = sentence;
  }

  async function send(body) {
    try {
      const options = { method: "POST", body, headers: { "X-Draft": "1" }, redirect: "manual" };
      const answer = await fetch(form.dataset.draft, options);
      if (answer.type === "opaqueredirect") tell(form.dataset.locked);
      else if (answer.ok) {
        replaceParts(await answer.text());
        return true;
      } else tell(answer.status === 409 ? await answer.text() : form.dataset.lost);
    } catch (error) {
      tell(form.dataset.lost);
    }
    return false;
  }

  function count(fields) {
    counter.value = String(Number(counter.value) + 1);
    fields.set("n", counter.value);
    for (const name of [...fields.keys()]) if (name.startsWith("drop-")) fields.delete(name);
    return fields;
  }

  /* One after the other, so that nothing overtakes what came before it; a change that still waits takes the next with it. */
  function save() {
    clearTimeout(waiting);
    waiting = 0;
    if (due) return;
    due = true;
    queue = queue.then(async () => {
      due = false;
      sent = performance.now();
      if (await send(count(fieldsOf(form)))) remember(form);
    });
  }

  /* A file goes to the server as soon as it is chosen; then the form need not bring it. */
  function saveFiles(input) {
    queue = queue.then(async () => {
      const fields = new FormData();
      for (const [name, value] of fieldsOf(form)) fields.append(name, value);
      for (const file of input.files) fields.append(input.name, file);
      if (await send(count(fields))) {
        input.value = "";
        remember(form);
      }
    });
  }

  /* The first key at once, so that a power cut finds little on its way. */
  form.addEventListener("input", (event) => {
    if (event.target.type !== "file" && !waiting) waiting = setTimeout(save, Math.max(0, sent + THROTTLE - performance.now()));
  });
  form.addEventListener("change", (event) => {
    if (event.target.type !== "file") save(); /* a box that was ticked, a field that was left */
    else if (event.target.files.length) saveFiles(event.target);
  });
  /* Somebody typed, or ticked, before this file was here. */
  const touched = (each) => each.type !== "hidden" && (each.value !== each.defaultValue || each.checked !== each.defaultChecked);
  if ([...form.elements].some((each) => each.matches("input:not([type=file])") && touched(each))) save();
}

/* Whoever reloads the page, or comes back to it, finds the draft again. */
function remember(form) {
  const address = new URL(location.href);
  address.searchParams.set("draft", form.elements.namedItem("form").value);
  history.replaceState(null, "", address);
}

document.querySelectorAll("form[data-draft]").forEach(keepDraft);

/* -- the keyboard ------------------------------------------------------------------------------------------------ */

/* The fields of a form that the Enter key goes through, in order. */
function stops(form) {
  return [...form.elements].filter(
    (each) => each.matches("input, select") && !["hidden", "file", "submit", "button"].includes(each.type) && each.offsetParent,
  );
}

function goOnWithEnter(form) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("input, select") || event.target.type === "file") return;
    const all = stops(form);
    const next = all[all.indexOf(event.target) + 1];
    if (!next) return; /* the last one: the form is sent */
    event.preventDefault();
    next.focus();
  });
}

document.querySelectorAll("form[data-enter]").forEach(goOnWithEnter);

/* A key that a link names. */
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select, textarea")) return;
  document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
});

/* Down and up: from a field into what is listed below it, and along it. */
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.isComposing || !event.target.matches("input:not([type=radio]), [data-pick], #found a")) return;
  const all = [...document.querySelectorAll("[data-pick], #found a:first-child")];
  const here = all.indexOf(event.target);
  if (!all.length || (here < 0 && step < 0)) return;
  event.preventDefault();
  (all[here + step] || all[here]).focus();
});

document.querySelectorAll("[data-tick]").forEach((button) =>
  button.addEventListener("click", (event) => {
    event.preventDefault();
    for (const box of button.form.elements)
      if (box.type === "checkbox" && box.name.startsWith(button.dataset.tick)) box.checked = true;
    button.form.dispatchEvent(new Event("change"));
  }),
);

document.querySelectorAll("select[data-fills]").forEach((choice) =>
  choice.addEventListener("change", () => {
    const field = document.getElementById(choice.dataset.fills);
    const text = choice.selectedOptions[0].dataset.text;
    if (field && text) field.value = text;
  }),
);

/* -- printing, and forms filled from an address -------------------------------------------------------------------- */

document.documentElement.classList.add("bm-scripted");
document.querySelectorAll("button[data-print]").forEach((button) => button.addEventListener("click", () => window.print()));
if (document.querySelector("[data-print-now]")) window.addEventListener("load", () => window.print());

/* A screen in a hall: who has left is forgotten, and is in no history. */
if (document.body.dataset.idle) {
  let waiting = 0;
  const wait = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => location.replace(document.body.dataset.to), Number(document.body.dataset.idle) * 1000);
  };
  for (const each of ["pointerdown", "keydown", "input", "scroll"]) document.addEventListener(each, wait, { passive: true });
  wait();
}

document.querySelectorAll("form[data-hash]").forEach((form) => {
  const values = decodeURIComponent(location.hash.slice(1)).split("-");
  const fields = form.dataset.hash.split(" ");
  if (values.length !== fields.length) return;
  fields.forEach((name, n) => (form.elements.namedItem(name).value = values[n]));
  history.replaceState(null, "", location.pathname); /* it stays in no history */
});
