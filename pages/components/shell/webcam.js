// A camera of the browser: it is asked for when a person starts it, and off whenever its part is not on the page.
//
// What its frames are for is said by the file that comes after this one; it extends `Webcam`.

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

class Webcam {
  constructor(host) {
    this.host = host;
    this.video = element("video", { autoplay: true, playsinline: true, "aria-label": "Camera" });
    this.video.muted = true;
    this.note = element("p", { class: "note", role: "status" });
    this.start = element("button", { class: "primary", onclick: () => this.open() }, "Start the camera");
    this.end = element("button", { hidden: true, onclick: () => this.close() }, "Stop the camera");
    this.devices = element("select", { "aria-label": "Which camera", hidden: true, onchange: () => this.open() });
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

  close() {
    this.stop();
    this.note.textContent = "";
    this.draw();
  }

  // What runs as long as frames are taken ends here.
  release() {}

  // The frame of this moment as JPEG in base64, its longer side at most `most` pixels; empty before there is one.
  frame(most, quality) {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return "";
    const scale = Math.min(1, most / Math.max(width, height));
    this.canvas ??= document.createElement("canvas");
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return this.canvas.toDataURL("image/jpeg", quality).split(",")[1];
  }
}
