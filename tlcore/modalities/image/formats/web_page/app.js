/* The page: pictures from files, from the clipboard or from the camera, and what the model says of them.

It knows the page's elements. It does not know how a picture becomes pixels (pixels.js) or how the model is run
(model-runner.js).
*/
"use strict";

const BARS = 5;
const LABELS = 12; // that are shown at once, where a picture may have several
const SURE = 0.5; // as everywhere: likelier than all other classes together
const FRAMES_A_SECOND = 5;

const $ = (id) => document.getElementById(id);
let contract = null;
let careful = []; // what can be chosen: classes that are bad to miss, each with its threshold
const shown = new Map(); // what was said in which element, to be said anew when that is chosen

// === What the model says ===

const percent = (share) => (share > 0 && share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`);

/* Write a value to two digits of its margin, where it has one. */
function digits(value) {
  const { margin } = contract.decision;
  return margin ? value.toFixed(Math.max(0, 1 - Math.floor(Math.log10(margin)))) : `${Number(value.toPrecision(4))}`;
}

const inUnit = (value) => `${digits(value)} ${contract.unit}`.trim();

/* What is to be said of an answer, before its bars: a headline, a warning, and more of the answer. */
function verdict(answer) {
  const strange = answer.unfamiliarity !== null && answer.unfamiliarity > 1;
  const [headline, note, more] = headlines[contract.task](answer, strange);
  if (!strange) return [headline, note, more];
  const unlike = "It is unlike the pictures that the model learnt from";
  return contract.task === "classification"
    ? ["None of these?", `${unlike}: its answer, ${headline}, means little.`]
    : [headline, `${unlike}: the answer means little.`, more];
}

const headlines = { classification: ofClass, multilabel: ofLabels, regression: ofValue };

function ofValue({ value, low, high }) {
  const share = `${Math.round(100 * contract.decision.coverage)} %`;
  return [inUnit(value), "", low === null ? "" : `${share} prediction interval: ${digits(low)} to ${inUnit(high)}`];
}

function ofLabels({ labels }) {
  return labels.length ? [labels.join(", "), ""] : ["No label", "No label reaches its threshold."];
}

function ofClass({ probabilities }, strange) {
  const best = Math.max(...probabilities);
  const label = contract.classes[probabilities.indexOf(best)];
  if (strange) return [label, ""];
  const missed = careful[$("missed").value];
  const chance = missed && probabilities[contract.classes.indexOf(missed.label)];
  if (missed && chance >= missed.threshold && !(missed.label === label && best >= SURE)) {
    const from = `It counts as ${missed.label} from ${percent(missed.threshold)} on`;
    return [missed.label, `${from}: to miss one is as bad as ${missed.ratio} false alarms.`];
  }
  if (best < SURE) return ["Not sure", "No class is likelier than all others together."];
  return [label, ""];
}

/* How a picture becomes the model's pixels. */
function settings() {
  const { size, resize, value_range: range } = contract.input;
  return [size, resize, range];
}

/* Write an answer into an element; bars of the likeliest classes, all of them on request. */
function show(element, answer, milliseconds) {
  const { probabilities = [] } = answer;
  shown.set(element, [answer, milliseconds]);
  const [headline, note, more] = verdict(answer);
  const order = probabilities.map((_, place) => place).sort((a, b) => probabilities[b] - probabilities[a]);
  const open = element.querySelector("details")?.open;
  const parts = [text("h2", headline)];
  if (more) parts.push(text("p", more, "quiet"));
  if (note) parts.push(text("p", note, "note"));
  const first = Math.max(BARS, answer.labels ? Math.max(LABELS, answer.labels.length) : 0);
  if (order.length) parts.push(bars(order.slice(0, first), probabilities));
  if (order.length > first) {
    const details = document.createElement("details");
    details.open = Boolean(open);
    details.append(text("summary", `${order.length - first} more`), bars(order.slice(first), probabilities));
    parts.push(details);
  }
  parts.push(text("p", `${Math.round(milliseconds)} ms`, "quiet time"));
  element.replaceChildren(...parts);
}

function bars(places, probabilities) {
  const list = text("ul", "", "bars");
  for (const place of places) {
    const item = document.createElement("li");
    const bar = text("span", "", "bar");
    bar.style.width = `${100 * probabilities[place]}%`;
    const track = text("span", "", "track");
    track.append(bar);
    if (contract.task === "multilabel") {
      const mark = text("span", "", "mark");
      mark.style.left = `${100 * GraftModel.least(place)}%`;
      mark.title = `Threshold ${percent(GraftModel.least(place))}`;
      track.append(mark);
    }
    const label = text("span", contract.classes[place], "label");
    label.title = contract.classes[place];
    item.append(label, track, text("span", percent(probabilities[place]), "share"));
    list.append(item);
  }
  return list;
}

function text(tag, content, name = "") {
  const element = document.createElement(tag);
  element.textContent = content;
  element.className = name;
  return element;
}

// === What is bad to miss ===

function listenForCare() {
  careful = (contract.thresholds || []).filter(({ ratio, threshold }) => ratio !== 1 && threshold <= 1);
  for (const [place, { label, ratio }] of careful.entries()) {
    const option = text("option", `Missing ${label} is ${ratio} × worse`);
    option.value = place;
    $("missed").append(option);
  }
  $("care").hidden = !careful.length;
  $("missed").addEventListener("change", () => {
    for (const [element, said] of [...shown]) show(element, ...said);
  });
}

// === Files ===

async function answerFiles(files) {
  for (const file of files) {
    const card = text("article", "", "card");
    const seen = text("div", "", "seen");
    const said = text("div", "Asking the model …", "said quiet");
    const image = document.createElement("img");
    image.alt = file.name;
    image.src = URL.createObjectURL(file);
    image.onload = image.onerror = () => URL.revokeObjectURL(image.src);
    seen.append(image, text("p", file.name, "name quiet"));
    card.append(seen, said);
    $("answers").prepend(card);
    $("clear").hidden = false;
    await answerFile(file, said);
  }
}

async function answerFile(file, said) {
  const began = performance.now();
  try {
    const pixels = await GraftPixels.read(file, ...settings());
    const answer = await GraftModel.ask(pixels);
    said.className = "said";
    show(said, answer, performance.now() - began);
  } catch (error) {
    said.className = "said";
    said.replaceChildren(text("h2", "Cannot be used"), text("p", error.message, "note"));
  }
}

function listenForFiles() {
  $("files").addEventListener("change", () => {
    answerFiles([...$("files").files]);
    $("files").value = ""; // the same file can be chosen again
  });
  const over = (on) => $("drop").classList.toggle("over", on);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || over(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    answerFiles([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => answerFiles([...event.clipboardData.files]));
  $("clear").addEventListener("click", () => {
    $("answers").replaceChildren();
    shown.clear();
    $("clear").hidden = true;
  });
}

// === Camera ===

let stream = null;
let facing = "environment"; // a phone's camera looks away from its owner

async function openCamera() {
  if (!navigator.mediaDevices) {
    throw new Error("The browser gives its camera to pages from https or this device only. Choose pictures instead.");
  }
  closeCamera();
  stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: facing } }, audio: false });
  $("video").srcObject = stream;
  await $("video").play();
  $("live").hidden = false;
  $("camera").textContent = "Stop the camera";
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  $("turn").hidden = cameras.length < 2;
  watch(stream);
}

function closeCamera() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  $("live").hidden = true;
  $("turn").hidden = true;
  $("camera").textContent = "Use the camera";
}

/* Ask about the frame that is there, again and again, until another stream or none is shown. */
async function watch(shown) {
  const said = $("live").querySelector(".said");
  while (stream === shown) {
    const began = performance.now();
    try {
      const frame = await GraftPixels.decode($("video"));
      const answer = await GraftModel.ask(GraftPixels.toPixels(frame, ...settings().slice(0, 2)));
      show(said, answer, performance.now() - began);
    } catch (error) {
      said.replaceChildren(text("p", error.message, "note"));
    }
    const rest = 1000 / FRAMES_A_SECOND - (performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, Math.max(20, rest))); // the page must breathe
  }
}

function listenForCamera() {
  const tried = async () => {
    try {
      await openCamera();
      state("");
    } catch (error) {
      closeCamera();
      state(error.name === "NotAllowedError" ? "The camera was not allowed. Allow it for this page, or choose pictures." :
        error.name === "NotFoundError" ? "There is no camera here. Choose pictures instead." : error.message);
    }
  };
  $("camera").addEventListener("click", () => (stream ? closeCamera() : tried()));
  $("turn").addEventListener("click", () => {
    facing = facing === "environment" ? "user" : "environment";
    tried();
  });
}

// === Start ===

function state(sentence) {
  $("state").textContent = sentence;
  $("state").hidden = !sentence;
}

/* What the model does, in a sentence. */
function purpose() {
  const { task, classes, value_name: name, unit } = contract;
  if (task === "regression") return `Predicts ${name || "a number"}${unit && !name.includes(unit) ? ` in ${unit}` : ""}.`;
  const some = classes.slice(0, 8).join(", ");
  const all = some + (classes.length > 8 ? ` and ${classes.length - 8} more` : "");
  return task === "multilabel" ? `Gives any number of ${classes.length} labels: ${all}.` :
    `Tells ${classes.length} classes apart: ${all}.`;
}

async function start() {
  try {
    contract = await GraftModel.contract();
    const title = contract.dataset || "Picture model";
    document.title = title;
    $("title").textContent = title;
    $("classes").textContent = purpose();
    const { size } = contract.input;
    $("made").textContent = `Made with Graft from ${contract.backbone}, at ${size} × ${size} pixels.`;
    await GraftModel.load();
    state("");
    $("ask").hidden = false;
    listenForCare();
    listenForFiles();
    listenForCamera();
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    state(`The model could not be loaded. ${error.message}`);
    $("state").classList.add("failed");
  }
}

start();
