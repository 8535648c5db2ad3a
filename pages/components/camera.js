// A camera whose frames go into a class while a button is held.
//
// Frames are taken from the running picture, so many a second, as JPEG; they leave the browser together when the button
// is let go. Nothing is sent before it is held, and the camera is off whenever this is not on the page.

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

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function why(error) {
  if (!navigator.mediaDevices?.getUserMedia)
    return "The browser gives the camera only to pages on this machine (localhost) or by https. Open the app that way.";
  if (error?.name === "NotAllowedError") return "The camera was not allowed. Allow it beside the address, then try again.";
  if (error?.name === "NotFoundError") return "No camera was found. Connect one, then try again.";
  if (error?.name === "NotReadableError") return "Another program uses the camera. Close it, then try again.";
  return `The camera could not be started: ${error?.message ?? "no reason was given"}.`;
}

class Camera {
  constructor(host) {
    this.host = host;
    this.frames = [];
    this.video = element("video", { autoplay: true, playsinline: true, "aria-label": "Camera" });
    this.video.muted = true;
    this.note = element("p", { class: "note", role: "status" });
    this.count = element("span", { class: "count" });
    this.start = element("button", { class: "primary", onclick: () => this.open() }, "Start the camera");
    this.hold = element("button", { class: "record", onpointerdown: (event) => this.press(event),
      onkeydown: (event) => this.key(event, true), onkeyup: (event) => this.key(event, false),
      onblur: () => this.release(), oncontextmenu: (event) => event.preventDefault() });
    for (const ending of ["pointerup", "pointercancel", "lostpointercapture"])
      this.hold.addEventListener(ending, () => this.release());
    this.devices = element("select", { "aria-label": "Which camera", hidden: true, onchange: () => this.open() });
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
    this.hold.disabled = !this.data.label;
    this.hold.textContent = !this.data.label ? "Choose a class first"
      : this.timer ? "Recording …" : `Hold to record into ${this.data.label}`;
    this.count.textContent = this.timer ? `${this.frames.length}` : "";
    if (!live && !this.note.textContent) this.note.textContent = "The camera is off.";
  }

  async open() {
    this.note.textContent = "Waiting for the camera …";
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw new Error("no camera here");
      const chosen = this.devices.value;
      this.stop();
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: chosen ? { deviceId: { exact: chosen } } : { facingMode: "environment", width: { ideal: 1280 } },
      });
      this.video.srcObject = this.stream;
      await this.video.play();
      this.note.textContent = "";
      await this.list(chosen);
    } catch (error) {
      this.stop();
      this.note.textContent = why(error);
    }
    this.draw();
  }

  async list(chosen) {
    const every = (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "videoinput");
    this.devices.replaceChildren(...every.map((one, place) =>
      element("option", { value: one.deviceId, selected: one.deviceId === chosen }, one.label || `Camera ${place + 1}`)));
    this.devices.hidden = every.length < 2;
  }

  stop() {
    this.release();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
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
    if (!this.stream || this.timer || !this.data.label) return;
    this.frames = [];
    this.bytes = 0;
    this.take();
    this.timer = setInterval(() => this.take(), 1000 / this.data.rate);
    this.draw();
  }

  take() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return;
    this.canvas ??= document.createElement("canvas");
    this.canvas.width = width;
    this.canvas.height = height;
    this.canvas.getContext("2d").drawImage(this.video, 0, 0);
    const frame = this.canvas.toDataURL("image/jpeg", QUALITY).split(",")[1];
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
