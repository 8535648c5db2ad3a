// A camera whose frames get a label while a button is held.
//
// Frames are taken from the running picture, so many a second, as JPEG; they leave the browser together when the button
// is let go. Nothing is sent before it is held. The camera itself is `webcam.js`'s.

const cameras = new WeakMap();
const QUALITY = 0.92;
const MOST_BYTES = 60e6; // of one burst, as text

export default function (component) {
  const host = component.parentElement.querySelector(".camera");
  if (!cameras.has(host)) cameras.set(host, new Camera(host));
  const camera = cameras.get(host);
  camera.show(component.data, (burst) => component.setTriggerValue("burst", burst));
  return () => camera.stop();
}

class Camera extends Webcam {
  constructor(host) {
    super(host);
    this.frames = [];
    this.count = element("span", { class: "count" });
    this.hold = element("button", { class: "record", onpointerdown: (event) => this.press(event),
      onkeydown: (event) => this.key(event, true), onkeyup: (event) => this.key(event, false),
      onblur: () => this.release(), oncontextmenu: (event) => event.preventDefault() });
    for (const ending of ["pointerup", "pointercancel", "lostpointercapture"])
      this.hold.addEventListener(ending, () => this.release());
    host.replaceChildren(
      element("div", { class: "frame" }, this.video, this.count, this.note),
      element("div", { class: "controls" }, this.start, this.hold, this.devices),
    );
  }

  show(data, send) {
    this.data = data;
    this.send = send;
    this.draw();
  }

  draw() {
    const live = Boolean(this.stream);
    this.host.classList.toggle("live", live);
    this.host.classList.toggle("recording", Boolean(this.timer));
    this.start.hidden = live;
    this.hold.hidden = !live;
    this.hold.disabled = !this.data.into;
    this.hold.textContent = !this.data.into ? this.data.first
      : this.timer ? "Recording …" : `Hold to record into ${this.data.into}`;
    this.count.textContent = this.timer ? `${this.frames.length}` : "";
    if (!live && !this.note.textContent) this.note.textContent = "The camera is off.";
  }

  press(event) {
    if (event.button) return;
    this.hold.setPointerCapture?.(event.pointerId);
    this.record();
  }

  key(event, down) {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!down) this.release();
    else if (!event.repeat) this.record();
  }

  record() {
    if (!this.stream || this.timer || !this.data.into) return;
    this.frames = [];
    this.bytes = 0;
    this.take();
    this.timer = setInterval(() => this.take(), 1000 / this.data.rate);
    this.draw();
  }

  take() {
    const frame = this.frame(Infinity, QUALITY);
    if (!frame) return;
    this.bytes += frame.length;
    this.frames.push(frame);
    if (this.frames.length >= this.data.most || this.bytes > MOST_BYTES) this.release();
    else this.draw();
  }

  release() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
    const frames = this.frames;
    this.draw();
    if (frames.length) this.send({ label: this.data.label, frames });
  }
}
