// One picture at a time, and one key for each answer.
//
// The next picture is there at once: the page hears of an answer while the person already looks at the next one. Every
// answer has a number, and those that the page has not heard yet are sent again with the next, so that quick fingers
// lose none. Text is only ever set as text: names of files and classes are the user's.

const desks = new WeakMap();

export default function (component) {
  const host = component.parentElement.querySelector(".desk");
  if (!desks.has(host)) desks.set(host, new Desk(host));
  const desk = desks.get(host);
  desk.show(component.data, (said) => component.setTriggerValue("said", said));
  return () => desk.leave();
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

const PATIENCE = 1500; // milliseconds until an answer that was not heard is said again
const percent = (share) => `${Math.round(100 * share)}\u202f%`;

class Desk {
  constructor(host) {
    this.host = host;
    this.unheard = [];
    this.chosen = null; // of several labels those of the present picture, once a person or a suggestion chose
    this.gone = new Map(); // id -> number of the answer: not shown again, whatever an older queue says
    this.press = (event) => this.key(event);
    this.picture = element("img", { alt: "" });
    this.name = element("figcaption");
    this.classes = element("div", { class: "classes", role: "group", "aria-label": "Classes" });
    this.other = element("input", {
      type: "text", placeholder: "Another class …", list: "desk-classes", "aria-label": "Another class",
      autocomplete: "off", onkeydown: (event) => this.typed(event),
    });
    this.known = element("datalist", { id: "desk-classes" });
    this.buttons = element("div", { class: "actions" });
    this.next = element("div", { class: "next", "aria-hidden": "true" });
    host.replaceChildren(
      element("figure", {}, element("div", { class: "frame" }, this.picture), this.name),
      element("div", { class: "panel" }, this.classes,
        element("label", { class: "other" }, this.other, element("kbd", {}, "N")), this.known, this.buttons, this.next),
    );
  }

  show(data, send) {
    this.data = data;
    this.send = send;
    this.unheard = this.unheard.filter((said) => said.n > data.heard);
    this.number = Math.max(data.heard, ...this.unheard.map((said) => said.n));
    for (const [id, n] of this.gone) if (n <= data.heard) this.gone.delete(id);
    document.removeEventListener("keydown", this.press);
    document.addEventListener("keydown", this.press);
    this.insist();
    this.draw();
  }

  insist() {
    clearTimeout(this.timer);
    if (this.unheard.length) this.timer = setTimeout(() => { this.send(this.unheard); this.insist(); }, PATIENCE);
  }

  leave() {
    clearTimeout(this.timer);
    document.removeEventListener("keydown", this.press);
  }

  get queue() {
    return this.data.queue.filter((one) => !this.gone.has(one.id));
  }

  draw() {
    const [now, ...rest] = this.queue;
    this.now = now;
    this.host.classList.toggle("waiting", !now);
    this.host.setAttribute("aria-busy", String(!now));
    if (now?.id !== this.about) {
      this.about = now?.id;
      this.chosen = new Set(now?.labels ?? []);
      if (this.numbers) this.other.value = now?.value ?? "";
    }
    if (now) {
      if (this.picture.getAttribute("src") !== now.url) this.picture.src = now.url;
      this.picture.alt = now.name;
      this.name.textContent = now.name;
    } else {
      this.picture.removeAttribute("src");
      this.name.textContent = "Looking for the next pictures …";
    }
    this.drawClasses(now);
    const number = this.numbers;
    this.other.placeholder = number ? this.data.valueTitle : this.several ? "Another label …" : "Another class …";
    this.other.setAttribute("aria-label", number ? this.data.valueTitle : this.several ? "Another label" : "Another class");
    this.other.inputMode = number ? "decimal" : "text";
    this.known.replaceChildren(...this.data.classes.map((one) => element("option", { value: one.label })));
    const best = now?.chances[0]?.[0];
    const [ready, title] = this.offer(now, best);
    this.buttons.replaceChildren(
      element("button", { class: "primary", disabled: !ready, onclick: () => this.accept() },
        title, element("kbd", {}, "Enter")),
      element("button", { disabled: !now, onclick: () => this.say("skip") }, "Skip", element("kbd", {}, "S")),
      element("button", { disabled: !this.data.undoable && !this.unheard.length, onclick: () => this.say("back") },
        "Take back", element("kbd", {}, "Z")),
    );
    this.next.replaceChildren(...rest.slice(0, 6).map((one) => element("img", { src: one.url, alt: "" })));
  }

  get several() {
    return this.data.task === "multilabel";
  }

  get numbers() {
    return this.data.task === "regression";
  }

  // Whether there is something to accept, and what it is called.
  offer(now, best) {
    if (this.several) {
      const labels = [...(this.chosen ?? [])];
      return [Boolean(now), labels.length ? `Accept ${labels.join(", ")}` : "Accept: no label"];
    }
    if (this.numbers) {
      const value = now?.value;
      return [Boolean(value), value ? `Accept ${value} ${this.data.unit}`.trim() : "No suggestion yet"];
    }
    return [Boolean(best), best ? `Accept ${best}` : "No suggestion yet"];
  }

  accept() {
    if (this.numbers) this.say("label", this.now?.value ?? "");
    else this.say("label", this.now?.chances[0]?.[0] ?? "");
  }

  choose(label) {
    if (!this.several) this.say("label", label);
    else if (this.now && label) {
      if (!this.chosen.delete(label)) this.chosen.add(label);
      this.draw();
    }
  }

  drawClasses(now) {
    const chances = new Map(now ? now.chances : []);
    const best = now?.chances[0]?.[0];
    const focused = this.classes.contains(this.host.getRootNode().activeElement);
    this.classes.replaceChildren(...this.data.classes.map((one, place) => {
      const share = chances.get(one.label);
      const bar = element("span", { class: "bar" });
      bar.style.setProperty("--share", share ?? 0);
      bar.style.setProperty("--colour", one.colour);
      const marked = this.several ? this.chosen?.has(one.label) : one.label === best;
      return element("button", {
        class: marked ? "class best" : "class", title: one.label, disabled: !now,
        role: this.several ? "checkbox" : null, "aria-checked": this.several ? String(Boolean(marked)) : null,
        onclick: () => this.choose(one.label),
      }, element("kbd", {}, place < 9 ? String(place + 1) : ""), element("span", { class: "label" }, one.label),
      element("span", { class: "share" }, share == null ? "" : percent(share)), bar);
    }));
    if (focused) this.buttons.querySelector("button")?.focus();
  }

  say(kind, label = "") {
    if (kind !== "back" && !this.now) return;
    if (kind === "label" && !label && !this.several) return;
    this.number += 1;
    const said = { n: this.number, do: kind, id: kind === "back" ? "" : this.now.id, label };
    if (kind === "label" && this.several) {
      said.labels = [...this.chosen];
      said.suggestedLabels = this.now.labels ?? [];
    } else if (kind === "label") said.suggested = (this.numbers ? this.now.value : this.now.chances[0]?.[0]) ?? "";
    if (kind !== "back") this.gone.set(this.now.id, this.number);
    else this.takeBack();
    this.unheard.push(said);
    this.draw();
    this.send(this.unheard);
    this.insist();
  }

  takeBack() {
    // The latest answer of this visit comes back at once; an earlier one comes with the page's next word.
    const last = [...this.gone].reduce((best, one) => (!best || one[1] > best[1] ? one : best), null);
    if (last) this.gone.delete(last[0]);
  }

  typed(event) {
    event.stopPropagation();
    if (event.key === "Escape") this.other.blur();
    if (event.key !== "Enter" || !this.other.value.trim() || !this.now) return;
    event.preventDefault();
    const label = this.other.value.trim();
    this.other.value = "";
    this.other.blur();
    if (!this.several) this.say("label", label);
    else {
      if (!this.data.classes.some((one) => one.label === label)) this.data.classes.push({ label, colour: "transparent" });
      this.chosen.add(label);
      this.draw();
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    const target = event.composedPath()[0];
    if (target.closest?.("input, textarea, select, [contenteditable], [role=combobox], [role=listbox], [role=dialog]"))
      return;
    const key = event.key.toLowerCase();
    const pressed = target.closest?.("button, a, summary, [role=tab], [role=radio]");
    if ((key === "enter" || key === " ") && pressed) return;
    if (key === "enter") this.accept();
    else if (/^[1-9]$/.test(key)) this.choose(this.data.classes[Number(key) - 1]?.label ?? "");
    else if (key === "s") this.say("skip");
    else if (key === "z") this.say("back");
    else if (key === "n") {
      this.other.focus();
      this.other.select();
    }
    else return;
    event.preventDefault();
  }
}
