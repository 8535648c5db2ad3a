/* The model in the browser: pixels in, an answer out.

It knows ONNX Runtime Web and the files beside this one (model.js, runtime.js, contract.js). It does not know pictures or
the page. Everything is loaded by <script>, as base64: that works from a disk, too, where a page may not fetch.

    await GraftModel.load();
    const { probabilities, unfamiliarity } = await GraftModel.ask(pixels);
    const counts = probabilities[2] >= GraftModel.threshold("defect", 10);

A model of several labels also gives `labels`, those above their thresholds; a model that predicts a number gives `value`,
and `low` and `high`, the ends of its prediction interval, instead of probabilities.
*/
"use strict";

const GraftModel = (() => {
  let session = null;
  let shape = null;
  let asking = Promise.resolve();

  /* Load the contract; it is small, and the page is written by it. */
  async function contract() {
    await script("contract.js");
    return GraftData.contract;
  }

  /* From which probability on a picture counts as of a class, when missing one costs `ratio` false alarms: as it was
  learnt on the validation pictures; else 1 / (1 + ratio), the best where probabilities are what they say. */
  function threshold(label, ratio = 1) {
    const learnt = GraftData.contract.thresholds?.find((each) => each.label === label && each.ratio === ratio);
    return learnt ? learnt.threshold : 1 / (1 + ratio);
  }

  async function load() {
    const { size } = (await contract()).input;
    await Promise.all([script("runtime.js"), script("model.js")]);
    const code = new Blob([bytes(GraftData.runtime)], { type: "text/javascript" });
    const address = URL.createObjectURL(code);
    const { env, InferenceSession, Tensor } = await import(address);
    URL.revokeObjectURL(address);
    env.wasm.numThreads = 1; // more need headers that a page from a disk does not have
    env.wasm.wasmBinary = await unpacked(bytes(GraftData.engine));
    env.logLevel = "error";
    session = await InferenceSession.create(bytes(GraftData.model), { logSeverityLevel: 3 });
    shape = (pixels) => new Tensor("float32", Float32Array.from(pixels), [1, size, size, 3]);
    for (const part of ["runtime", "engine", "model"]) delete GraftData[part]; // they are large
  }

  /* Name a model's outputs. */
  function answer(outputs) {
    const { task, classes, decision } = GraftData.contract;
    if (task === "regression") {
      const [value, margin] = [outputs[0], decision.margin];
      return { value, low: margin === null ? null : value - margin, high: margin === null ? null : value + margin };
    }
    const probabilities = Array.from(outputs);
    if (task !== "multilabel") return { probabilities };
    const given = classes.map((_, place) => place).filter((place) => probabilities[place] >= least(place));
    given.sort((a, b) => probabilities[b] - probabilities[a]);
    return { probabilities, labels: given.map((place) => classes[place]) };
  }

  /* The probability from which a label is given, by its place; in 32 bits, as the model's own numbers are. */
  function least(place) {
    return Math.fround(GraftData.contract.decision.thresholds[place] ?? 0.5);
  }

  /* Ask about one picture: size × size × 3 pixels, RGB, 0–255. Unfamiliarity is null where the model does not say. */
  function ask(pixels) {
    const asked = asking.then(async () => {
      const found = await session.run({ [session.inputNames[0]]: shape(pixels) });
      const score = found.unfamiliarity;
      return {
        ...answer(found[session.outputNames[0]].data),
        unfamiliarity: score ? score.data[0] : null,
      };
    });
    asking = asked.catch(() => {}); // one at a time, whoever asks
    return asked;
  }

  function script(name) {
    return new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = name;
      element.onload = resolve;
      element.onerror = () => reject(new Error(`${name} is not beside this page. Unpack the whole archive.`));
      document.head.append(element);
    });
  }

  function bytes(base64) {
    const text = atob(base64);
    const found = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at++) found[at] = text.charCodeAt(at);
    return found;
  }

  async function unpacked(packed) {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  return { contract, threshold, least, load, ask };
})();
