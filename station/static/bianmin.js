"use strict";
/* What pages do better while somebody types. Every page works without this file: what it does, a form does too.

   Holds no rule, no text and no address: all of these stand in the page, in `data-` attributes and in what the server answers.
   Never makes a page from what was typed: it puts in what the server has rendered, and asks no other server for anything.

     data-ask="/address"      an input: what stands in it is asked there while it is typed, and answered with parts of the page
     <form data-draft="/a">   each change is saved there at once; its answer stands in the form's [data-said]
     <form data-enter>        Enter goes on to the next field, and saves after the last
     data-tick="name-"        a button: ticks every box whose name begins so
     data-print               a page: opens the printing window as it is shown; a button: when it is pressed
     <form data-hash>         a form that is filled from what follows # in the address, which no server gets to see
*/

const PAUSE = 120; /* milliseconds without a key before something is asked */
const THROTTLE = 400; /* milliseconds between two saves of a field that is being typed in */

/* -- parts of a page -------------------------------------------------------------------------------------------- */

/* Puts each element of an answer in the place of the one that has its id. Scripts in it would not run. */
function replaceParts(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const part of [...parsed.body.children]) {
    const place = part.id && document.getElementById(part.id);
    if (place) place.replaceWith(part);
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
}

document.querySelectorAll("[data-ask]").forEach(askWhileTyping);
