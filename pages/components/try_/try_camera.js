// A camera whose frames are put to a model, a few a second, and what the model says of the last one.
//
// One frame is on its way at a time: while it is, the others are dropped. When held still, the picture on the screen is
// the one that was asked about; a wrong answer can then be put right. The camera itself is `webcam.js`'s, `idle` is
// `idle.js`'s.

const cameras = new WeakMap();
const QUALITY = 0.92;
const MOST_PIXELS = 800; // of the longer side
const PATIENCE = 5000; // ms; then an answer is taken for lost
const REMEMBERED = 12;

export default function (component) {
  const host = component.parentElement.querySelector(".camera");
  if (!cameras.has(host)) cameras.set(host, new LiveCamera(host));
  const camera = cameras.get(host);
  camera.show(component.data, (name, value) => component.setTriggerValue(name, value));
  return () => camera.stop();
}

/* The mark of a label's threshold on its track; none where there is no threshold. */
function marked(threshold) {
  if (threshold === null || threshold === undefined) return [];
  const mark = element("span", { class: "mark", title: `Threshold ${(100 * threshold).toFixed(1)} %` });
  mark.style.left = `min(${100 * threshold}%, calc(100% - 2px))`;
  return [mark];
}

class LiveCamera extends Webcam {
  constructor(host) {
    super(host);
    this.number = Date.now(); // counts on over reloads, so that no answer to another page is taken for ours
    this.came = [];
    this.hold = element("button", { class: "hold", onclick: () => this.still(!this.held) });
    this.bars = element("div", { class: "bars", role: "status", "aria-label": "What the model says" });
    this.pace = element("p", { class: "pace" });
    this.right = element("input", { list: "try-camera-classes", autocomplete: "off",
      "aria-label": "What it shows", oninput: () => this.draw(), onkeydown: (event) => event.key === "Enter" && this.correct() });
    this.classes = element("datalist", { id: "try-camera-classes" });
    this.send = element("button", { onclick: () => this.correct() }, "Send to the inbox");
    this.said = element("p", { class: "said", role: "status" });
    this.wrong = element("div", { class: "controls" }, this.right, this.classes, this.send);
    host.replaceChildren(
      element("div", { class: "sides" },
        element("div", { class: "frame" }, this.video, this.note),
        element("div", { class: "answer" }, this.bars, this.pace)),
      element("div", { class: "controls" }, this.start, this.hold, this.end, this.devices),
      this.wrong, this.said,
    );
  }

  show(data, tell) {
    this.data = data;
    this.tell = tell;
    this.right.placeholder = data.asks;
    this.classes.replaceChildren(...data.classes.map((label) => element("option", { value: label })));
    if (data.answer && data.answer.n === this.waiting) this.hear(data.answer);
    this.draw();
  }

  hear(answer) {
    this.waiting = null;
    this.answer = answer;
    this.came = [...this.came, performance.now()].slice(-REMEMBERED);
    clearTimeout(this.timer);
    if (this.again) this.ask();
    else if (!this.held) this.timer = setTimeout(() => this.ask(), Math.max(0, this.due - performance.now()));
  }

  ask() {
    if (!this.stream) return;
    const frame = idle(this.host) && this.frame(MOST_PIXELS, QUALITY);
    if (frame) {
      this.again = false;
      this.waiting = this.number += 1;
      this.asked = frame;
      this.due = performance.now() + 1000 / this.data.rate;
      this.tell("frame", { n: this.waiting, frame });
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), frame ? PATIENCE : 100);
  }

  async open() {
    this.held = false;
    this.answer = null;
    this.came = [];
    await super.open();
    if (this.stream) this.ask();
  }

  release() {
    clearTimeout(this.timer);
    this.waiting = null;
    this.again = false;
  }

  still(held) {
    this.held = held;
    this.again = held; // what is on its way is older than the picture that stands still
    this.right.value = "";
    this.said.textContent = "";
    this.came = [];
    if (held) {
      this.video.pause();
      if (!this.waiting) this.ask();
    } else {
      this.video.play();
      this.ask();
    }
    this.draw();
  }

  get pending() {
    return Boolean(this.waiting || this.again);
  }

  correct() {
    const label = this.right.value.trim();
    if ((!label && !this.data.none) || !this.asked || this.pending) return;
    this.tell("wrong", { n: this.number, frame: this.asked, label, answered: this.answer?.answered ?? "" });
    this.right.value = "";
    this.said.textContent = "Sending …";
    this.draw();
  }

  draw() {
    const live = Boolean(this.stream);
    this.host.classList.toggle("live", live);
    this.start.hidden = live;
    this.end.hidden = !live;
    this.hold.hidden = !live;
    this.hold.textContent = this.held ? "Go on" : "Hold still";
    this.wrong.hidden = !(live && this.held && this.data.inbox);
    const empty = !this.right.value.trim();
    this.send.disabled = (empty && !this.data.none) || this.pending; // its answer goes along
    this.send.textContent = empty && this.data.none ? "Send as no label" : "Send to the inbox";
    if (this.data.said && this.data.said.n === this.number) this.said.textContent = this.data.said.text;
    if (!live && !this.note.textContent) this.note.textContent = "The camera is off.";
    this.drawAnswer(live);
  }

  drawAnswer(live) {
    const answer = live ? this.answer : null;
    const doubtful = Boolean(answer) && !["sure", "predicted"].includes(answer.says);
    this.bars.classList.toggle("doubtful", doubtful);
    const said = [["title", answer?.title], ["interval", answer?.note]].filter(([, text]) => text);
    this.bars.replaceChildren(...said.map(([name, text]) => element("p", { class: name }, text)), ...(answer?.best ?? []).flatMap((one) => {
      const bar = element("div", { class: "bar" });
      bar.style.width = `${100 * one.share}%`;
      bar.style.background = one.colour;
      return [
        element("span", { class: one.given ? "label first" : "label", title: one.label }, one.label),
        element("div", { class: "track" }, bar, ...marked(one.mark)),
        element("span", { class: "share" }, one.share > 0 && one.share < 0.001 ? "< 0.1 %" : `${(100 * one.share).toFixed(1)} %`),
      ];
    }), ...(doubtful ? [element("p", { class: "doubt" }, answer.why)] : []));
    const [first, last] = [this.came[0], this.came.at(-1)];
    const rate = this.came.length > 2 ? ((this.came.length - 1) * 1000) / (last - first) : 0;
    this.pace.textContent = !answer ? "" : [
      this.held ? (this.pending ? "" : "held still") : rate ? `${rate.toFixed(1)} pictures a second` : "",
      `${answer.ms.toFixed(0)} ms for the model and the picture`,
    ].filter(Boolean).join(" · ");
  }
}
