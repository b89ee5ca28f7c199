@echo off
rem Sets bianmin up from this folder, without a network: install.bat [TARGET]; and back: install.bat TARGET --back
setlocal
set "target=%~1"
if "%target%"=="" set "target=%LOCALAPPDATA%\bianmin\program"
py -3 "%~dp0kit.py" "%target%" %2
if errorlevel 1 pause
