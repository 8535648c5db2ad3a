// When a component may ask the page for something by itself, unasked by a person.
//
// Streamlit sends what is asked at one moment as one message, to the part of the page that asked first: a press on a
// button elsewhere would be lost in it. And what is asked while another page is on its way empties that page. So a
// component waits until nobody presses anything outside it, and until the page has come to rest.

const AFTER_PRESS = 500; // milliseconds, from a press until the page has begun to run
let press = { at: -Infinity, path: [] };
for (const kind of ["pointerdown", "pointerup", "keydown"])
  document.addEventListener(
    kind,
    (event) => {
      press = { at: performance.now(), path: event.composedPath() };
    },
    { capture: true, passive: true },
  );

function idle(host) {
  const pressed = performance.now() - press.at < AFTER_PRESS && !press.path.includes(host);
  const running = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState !== "notRunning";
  return !pressed && !running;
}
