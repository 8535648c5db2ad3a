// The light table in the browser: pictures side by side, picked and acted upon by mouse or by keyboard alone.
//
// What is picked lives here and travels with the action; what is true comes from the page with every run. Text is
// only ever set as text, never as markup: names of files and classes are the user's. `idle` is `idle.js`'s.

const tables = new Map(); // by the key of the table on the page

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".light-table");
  // An edit may bring a line above the table: the page then makes it anew, and a person must not notice.
  const before = tables.get(data.key);
  const table = before?.host === host ? before : new LightTable(host, before);
  tables.set(data.key, table);
  table.show(data, (act) => setTriggerValue("act", act));
}

const SIZES = { small: "72px", medium: "112px", large: "176px" };
const MOST_CHIPS = 4; // on a picture
// What an action opens before it is carried out, and what after which the pictures stay picked.
const MENUS = { move: "listbox", value: "dialog" };
const KEEPING = new Set(["add-label", "remove-label"]);
const PAUSE = 120; // milliseconds between asking for more pictures: the page must come to its other work

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

class LightTable {
  constructor(host, before) {
    this.host = host;
    this.data = before?.data;
    this.picked = before?.picked ?? new Set();
    this.everything = before?.everything ?? false; // all pictures of the view, those of other pages too
    this.cursor = before?.cursor ?? 0;
    this.anchor = before?.anchor ?? 0;
    this.size = before?.size ?? "medium";
    this.acted = before?.acted ?? false; // the keyboard was here when the page was asked to do something
    this.sent = before?.sent ?? []; // what it was asked to do it with; picked meanwhile are others
    this.kept = before?.kept ?? false; // it stays picked: a picture may get several labels, one after the other
    this.options = new Map(); // id -> the element of its picture, kept so that nothing flickers
    this.bar = element("div", { class: "bar", role: "toolbar" });
    this.menu = element("div", { class: "menu", hidden: true });
    this.grid = element("div", { class: "grid", role: "listbox", "aria-multiselectable": "true" });
    this.grid.addEventListener("keydown", (event) => this.key(event));
    // A screen reader moves the focus by itself.
    this.grid.addEventListener("focusin", (event) => {
      const place = this.ids().indexOf(event.target.dataset.id);
      if (place >= 0) this.cursor = place;
    });
    this.note = element("p", { class: "keys" });
    this.newLabel = element("input", {
      type: "text",
      maxlength: "80",
      placeholder: "New label …",
      "aria-label": "New label for the selected pictures",
      autocomplete: "off",
      "data-name": "new-label",
      onkeydown: (event) => this.typedLabel(event),
    });
    host.append(this.bar, this.menu, this.grid, this.note);
  }

  show(data, send) {
    const edited = this.data && this.data.version !== data.version;
    const turned = this.data && (this.data.view !== data.view || this.data.page !== data.page);
    const nowhere = !document.activeElement || document.activeElement === document.body;
    const hadFocus = this.grid.contains(this.host.getRootNode().activeElement) || (this.acted && nowhere);
    if (edited || turned) this.acted = false; // until then the page only draws again what it has
    this.data = data;
    this.send = send;
    if (turned || (edited && this.everything && !this.kept)) this.clear();
    else if (edited && !this.kept) this.sent.forEach((id) => this.picked.delete(id));
    if (edited || turned) this.sent = [];
    if (turned) this.cursor = this.anchor = 0;
    const here = new Set(data.tiles.map((tile) => tile.id));
    this.picked = new Set([...this.picked].filter((id) => here.has(id)));
    this.cursor = Math.max(0, Math.min(this.cursor, data.tiles.length - 1));
    this.host.classList.remove("busy");
    this.draw();
    if (hadFocus) this.focus();
    this.wait();
  }

  // For pictures that are still to be drawn. A page that has been left asks for nothing.
  wait() {
    clearTimeout(this.timer);
    if (!this.data.pending || !this.host.isConnected) return;
    this.timer = setTimeout(() => (idle(this.host) ? this.act("more") : this.wait()), PAUSE);
  }

  clear() {
    this.picked.clear();
    this.everything = false;
  }

  // --- Drawing ---

  draw() {
    const { data } = this;
    this.grid.setAttribute("aria-label", data.title);
    this.grid.style.setProperty("--tile", SIZES[this.size]);
    const before = this.options;
    this.options = new Map();
    const groups = data.groups.length ? data.groups : [null];
    this.grid.classList.toggle("grouped", Boolean(data.groups.length));
    this.grid.replaceChildren(
      ...groups.map((group) => {
        const tiles = group ? data.tiles.filter((tile) => tile.group === group.key) : data.tiles;
        const row = element("div", { class: "tiles", role: group ? "presentation" : "none" });
        row.append(...tiles.map((tile) => this.option(tile, before.get(tile.id))));
        if (!group) return row;
        return element("div", { class: "group", role: "group", "aria-label": group.title }, this.heading(group), row);
      }),
    );
    this.mark();
    this.note.textContent = this.keys();
  }

  heading(group) {
    const members = this.data.tiles.filter((tile) => tile.group === group.key).map((tile) => tile.id);
    const pick = element("button", { type: "button", class: "quiet", onclick: () => this.pickGroup(members) }, "Select");
    pick.setAttribute("aria-label", `Select the pictures of: ${group.title}`);
    const buttons = group.actions.map((action) => {
      const go = () => (MENUS[action.do] ? this.openMenu(action.do, group.key) : this.act(action.do, { group: group.key }));
      return element("button", { type: "button", title: action.help, onclick: go }, action.title);
    });
    return element("div", { class: "heading" }, element("span", { class: "says" }, group.title), pick, ...buttons);
  }

  option(tile, known) {
    const made = known ?? this.newOption(tile.id);
    const picture = made.querySelector("img");
    const url = tile.url;
    if (picture.getAttribute("src") !== url) {
      if (url) picture.setAttribute("src", url);
      else picture.removeAttribute("src");
    }
    picture.alt = tile.caption;
    made.classList.toggle("broken", Boolean(tile.broken));
    made.classList.toggle("away", Boolean(tile.state));
    made.title = tile.hint;
    made.setAttribute("aria-label", [tile.caption, tile.label, tile.state, tile.badge].filter(Boolean).join(", "));
    made.querySelector(".caption").textContent = tile.caption;
    const label = made.querySelector(".label");
    label.hidden = !tile.label || Boolean(tile.labels);
    const chips = made.querySelector(".chips");
    chips.hidden = !tile.labels;
    chips.replaceChildren(...(tile.labels ? this.chipsOf(tile.labels) : []));
    label.querySelector("b").textContent = tile.label;
    label.querySelector("i").style.background = this.data.colours[tile.label] ?? "transparent";
    label.querySelector("i").hidden = tile.value !== undefined; // numbers have no colours
    const badge = made.querySelector(".badge");
    badge.hidden = !(tile.badge || tile.state);
    badge.textContent = tile.badge || tile.state;
    this.options.set(tile.id, made);
    return made;
  }

  newOption(id) {
    return element(
      "div",
      {
        class: "option",
        role: "option",
        tabindex: "-1",
        "data-id": id,
        onclick: (event) => this.click(event, id),
        ondblclick: () => this.act("look", { ids: [id] }),
      },
      element("span", { class: "frame" }, element("img", { loading: "lazy", decoding: "async", draggable: "false" })),
      element("span", { class: "tick", "aria-hidden": "true" }, "✓"),
      element("span", { class: "badge", hidden: true }),
      element("span", { class: "label", hidden: true }, element("i"), element("b")),
      element("span", { class: "chips", hidden: true }),
      element("span", { class: "caption" }),
    );
  }

  // The labels of a picture. The hint beside the mouse and the screen reader say those that there is no room for.
  chipsOf(labels) {
    if (!labels.length) return [element("span", { class: "none" }, "no label")];
    const shown = labels.length > MOST_CHIPS + 1 ? labels.slice(0, MOST_CHIPS) : labels;
    const made = shown.map((label) => element("span", { class: "chip", title: label }, this.dot(label), label));
    if (shown.length < labels.length) {
      const others = labels.slice(MOST_CHIPS);
      made.push(element("span", { class: "chip more", title: others.join(", ") }, `+${others.length}`));
    }
    return made;
  }

  dot(label) {
    const dot = element("i");
    dot.style.background = this.data.colours[label] ?? "transparent";
    return dot;
  }

  // Says on each picture whether it is picked and where the keyboard is.
  mark() {
    const ids = this.ids();
    ids.forEach((id, place) => {
      const option = this.options.get(id);
      option.setAttribute("aria-selected", String(this.everything || this.picked.has(id)));
      option.tabIndex = place === this.cursor ? 0 : -1;
    });
    this.drawBar();
  }

  drawBar() {
    const { data } = this;
    const root = this.host.getRootNode();
    const focused = this.bar.contains(root.activeElement) ? root.activeElement.dataset.name : null;
    const count = this.everything ? data.total : this.picked.size;
    const said = element("span", { class: "count", role: "status" }, this.counted(count));
    const all = this.button("All shown", "a", () => this.pickAll(), "all", !data.tiles.length);
    const none = this.button("None", "Esc", () => this.pickNone(), "none", !count);
    const parts = [said, all];
    const whole = this.picked.size === data.tiles.length && data.total > data.tiles.length && !this.everything;
    if (whole) parts.push(this.button(`All ${data.totalSays}`, "", () => this.pickEverything(), "everything"));
    parts.push(none, element("span", { class: "gap" }));
    for (const action of data.actions) {
      if (action.do === "labels") continue; // the chips below
      const wrong = !count || (action.one && count !== 1);
      const go = MENUS[action.do] ? () => this.openMenu(action.do) : () => this.act(action.do);
      const made = this.button(action.title, action.keyName, go, action.do, wrong, action.help);
      if (action.primary) made.classList.add("primary");
      if (MENUS[action.do]) made.setAttribute("aria-haspopup", MENUS[action.do]);
      parts.push(made);
    }
    parts.push(element("span", { class: "gap push" }), this.sizes());
    if (this.labels()) parts.push(this.labelChips(count));
    this.bar.setAttribute("aria-label", `${this.counted(count)}: what to do`);
    this.bar.replaceChildren(...parts);
    if (focused) [...this.bar.querySelectorAll("[data-name]")].find((one) => one.dataset.name === focused)?.focus();
  }

  // --- Several labels for each picture ---

  labels() {
    return this.data.actions.some((action) => action.do === "labels");
  }

  // A chip for each label: whether the selected pictures have it, all (true), some (mixed) or none (false) of them.
  labelChips(count) {
    const chosen = this.chosenTiles();
    const made = this.data.classes.map((label, place) => {
      const state = this.stateOf(label, chosen);
      const having = chosen.filter((tile) => tile.labels?.includes(label)).length;
      const chip = element("button", {
        type: "button",
        class: "chip",
        role: "checkbox",
        "aria-checked": count ? state : "false",
        "data-name": `label ${label}`,
        disabled: !count,
        title: state === "true" ? `Remove “${label}” from the selected pictures` : `Add “${label}” to the selected pictures`,
        onclick: () => this.toggleLabel(label),
      }, this.dot(label), label);
      if (count && state === "mixed") chip.append(element("small", {}, ` ${having}/${chosen.length}`));
      if (place < 9) chip.append(" ", element("kbd", { "aria-hidden": "true" }, String(place + 1)));
      return chip;
    });
    this.newLabel.disabled = !count;
    const name = "Labels of the selected pictures";
    return element("div", { class: "label-chips", role: "group", "aria-label": name }, ...made, this.newLabel);
  }

  // Those that an action takes, as far as they are on this page.
  chosenTiles() {
    const { tiles } = this.data;
    if (this.everything) return tiles;
    const ids = new Set(this.picked.size ? this.picked : this.ids().slice(this.cursor, this.cursor + 1));
    return tiles.filter((tile) => ids.has(tile.id));
  }

  stateOf(label, chosen) {
    const having = chosen.filter((tile) => tile.labels?.includes(label)).length;
    if (!having) return "false";
    return having === chosen.length ? "true" : "mixed";
  }

  // What all of them have is taken away; else those that lack it get it.
  toggleLabel(label) {
    if (this.host.classList.contains("busy")) return;
    const all = this.stateOf(label, this.chosenTiles()) === "true";
    this.act(all ? "remove-label" : "add-label", { label });
  }

  typedLabel(event) {
    event.stopPropagation();
    if (event.key === "Escape") this.focus();
    if (event.key !== "Enter") return;
    event.preventDefault();
    const label = this.newLabel.value.trim();
    if (!label || this.stateOf(label, this.chosenTiles()) === "true") return;
    this.newLabel.value = "";
    this.act("add-label", { label });
  }

  counted(count) {
    if (count) return `${count.toLocaleString("en").replaceAll(",", "\u202f")} selected`;
    return "Nothing selected";
  }

  button(title, key, go, name, disabled = false, help = "") {
    const made = element("button", { type: "button", "data-name": name, onclick: go, disabled, title: help }, title);
    if (key) {
      made.append(" ", element("kbd", { "aria-hidden": "true" }, key));
      made.setAttribute("aria-keyshortcuts", { Esc: "Escape", Del: "Delete" }[key] ?? key);
    }
    return made;
  }

  sizes() {
    const group = element("span", { class: "sizes", role: "group", "aria-label": "Size of the pictures" });
    for (const size of Object.keys(SIZES)) {
      const made = this.button(size[0].toUpperCase(), "", () => this.resize(size), `size-${size}`, false, `${size} pictures`);
      made.setAttribute("aria-pressed", String(size === this.size));
      made.setAttribute("aria-label", `${size} pictures`);
      group.append(made);
    }
    return group;
  }

  resize(size) {
    this.size = size;
    this.grid.style.setProperty("--tile", SIZES[size]);
    this.drawBar();
  }

  keys() {
    const own = this.data.actions.filter((action) => action.keyName);
    const said = ["arrows move, with shift they select", "space selects", "enter looks closer"];
    if (own.some((action) => action.do === "move")) said.push("1–9 move to the class of that place");
    if (this.labels()) said.push("1–9 add or remove the label of that place");
    if (this.data.pages > 1) said.push("page up and page down turn the page");
    return `Keys: ${said.join(" · ")}`;
  }

  // --- Picking ---

  // As they are drawn: group by group, whatever the order in which they came.
  ids() {
    return [...this.options.keys()];
  }

  click(event, id) {
    const place = this.ids().indexOf(id);
    this.everything = false;
    if (event.shiftKey) this.pickRange(this.anchor, place);
    else {
      this.toggle(id);
      this.anchor = place;
    }
    this.cursor = place;
    this.mark();
    this.focus();
  }

  toggle(id) {
    if (!this.picked.delete(id)) this.picked.add(id);
  }

  pickRange(from, to) {
    const [first, last] = from < to ? [from, to] : [to, from];
    for (const id of this.ids().slice(first, last + 1)) this.picked.add(id);
  }

  pickAll() {
    this.everything = false;
    this.picked = new Set(this.ids());
    this.mark();
  }

  pickEverything() {
    this.everything = true;
    this.mark();
  }

  pickNone() {
    this.clear();
    this.mark();
  }

  pickGroup(members) {
    const all = members.every((id) => this.picked.has(id));
    this.everything = false;
    for (const id of members) all ? this.picked.delete(id) : this.picked.add(id);
    this.mark();
  }

  focus() {
    this.options.get(this.ids()[this.cursor])?.focus({ preventScroll: false });
  }

  // --- The keyboard ---

  key(event) {
    if (event.target.closest("button") || this.host.classList.contains("busy")) return;
    const handled = this.moves(event) || this.picks(event) || this.acts(event);
    if (!handled) return;
    // Streamlit has keys of its own, such as r for a rerun.
    event.preventDefault();
    event.stopPropagation();
  }

  moves(event) {
    const last = this.ids().length - 1;
    const steps = { ArrowLeft: () => this.cursor - 1, ArrowRight: () => this.cursor + 1, Home: () => 0, End: () => last };
    const to = event.key in steps ? steps[event.key]() : this.vertically(event.key);
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return false;
    const next = Math.max(0, Math.min(to, last));
    if (event.shiftKey) this.pickRange(this.anchor, next);
    else this.anchor = next;
    this.cursor = next;
    this.mark();
    this.focus();
    return true;
  }

  // The picture below or above is where the eye sees it, not a fixed number of places away: groups break the rows.
  vertically(key) {
    const way = { ArrowUp: -1, ArrowDown: 1 }[key];
    if (!way) return undefined;
    const ids = this.ids();
    const boxes = ids.map((id) => this.options.get(id).getBoundingClientRect());
    const here = boxes[this.cursor];
    const beyond = boxes.map((box, place) => ({ place, top: box.top, left: box.left }));
    const rows = beyond.filter((one) => (one.top - here.top) * way > here.height / 2);
    if (!rows.length) return this.cursor;
    const nearest = Math.min(...rows.map((one) => Math.abs(one.top - here.top)));
    const row = rows.filter((one) => Math.abs(Math.abs(one.top - here.top) - nearest) < 4);
    row.sort((a, b) => Math.abs(a.left - here.left) - Math.abs(b.left - here.left));
    return row[0].place;
  }

  picks(event) {
    const id = this.ids()[this.cursor];
    const command = event.ctrlKey || event.metaKey;
    if (event.altKey || id === undefined) return false;
    if (event.key === "a") this.pickAll();
    else if (command) return false;
    else if (event.key === " ") {
      this.everything = false;
      this.toggle(id);
      this.anchor = this.cursor;
      this.mark();
    } else if (event.key === "Escape") this.pickNone();
    else if (event.key === "Enter") this.act("look", { ids: [id] });
    else return false;
    return true;
  }

  acts(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const { data } = this;
    const turn = { PageDown: 1, PageUp: -1 }[event.key];
    if (turn) {
      const page = data.page + turn;
      if (page < 1 || page > data.pages) return data.pages > 1;
      this.act("turn", { page });
      return true;
    }
    const movable = data.actions.some((action) => action.do === "move");
    if (movable && /^[1-9]$/.test(event.key)) {
      const label = data.classes[Number(event.key) - 1];
      if (label !== undefined) this.act("move", { label });
      return true;
    }
    if (this.labels() && /^[1-9]$/.test(event.key)) {
      const label = data.classes[Number(event.key) - 1];
      if (label !== undefined) this.toggleLabel(label);
      return true;
    }
    const action = data.actions.find((one) => one.key === event.key);
    if (!action) return false;
    if (action.do === "labels") {
      // Without a selection it is about the picture that the keyboard is at.
      if (!this.picked.size && !this.everything) {
        this.toggle(this.ids()[this.cursor]);
        this.mark();
      }
      this.newLabel.focus();
    } else if (MENUS[action.do]) this.openMenu(action.do);
    else this.act(action.do);
    return true;
  }

  // --- Doing ---

  // Without a selection, an action takes the picture that the keyboard is at. A group is sent by its name: some of its
  // pictures may be on other pages.
  act(name, { ids, label = "", group = "", page = 0 } = {}) {
    const all = this.everything && !ids && !group;
    const here = this.picked.size ? [...this.picked] : this.ids().slice(this.cursor, this.cursor + 1);
    const chosen = name === "more" || name === "turn" || all || group ? [] : (ids ?? here);
    if (name !== "more" && name !== "look") {
      this.host.classList.add("busy");
      this.acted = true;
      this.kept = KEEPING.has(name);
      this.sent = group ? this.data.tiles.filter((tile) => tile.group === group).map((tile) => tile.id) : chosen;
    }
    this.send({ do: name, ids: chosen, all, label, group, page });
  }

  openMenu(kind, group = "") {
    if (kind === "value") this.openValue(group);
    else this.openClasses(group);
  }

  openValue(group) {
    const { data } = this;
    const chosen = group ? data.tiles.filter((tile) => tile.group === group) : this.chosenTiles();
    const values = new Set(chosen.map((tile) => tile.value));
    const field = element("input", {
      type: "text",
      inputmode: "decimal",
      maxlength: "40",
      placeholder: data.valueTitle,
      "aria-label": data.valueTitle,
      autocomplete: "off",
    });
    if (values.size === 1) field.value = [...values][0] ?? "";
    const set = () => {
      if (!field.value.trim()) return;
      this.closeMenu();
      this.act("value", { label: field.value.trim(), group });
    };
    const button = element("button", { type: "button", class: "primary", onclick: set }, "Set ", element("kbd", {}, "Enter"));
    this.menu.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Escape") this.closeMenu(true);
      else if (event.key === "Enter") set();
      else return;
      event.preventDefault();
    };
    this.menu.onfocusout = (event) => {
      if (!this.menu.contains(event.relatedTarget)) this.closeMenu();
    };
    this.menu.classList.add("low");
    this.menu.replaceChildren(field, element("div", { class: "below" }, data.valueTitle, button));
    this.menu.hidden = false;
    field.focus();
    field.select();
  }

  openClasses(group) {
    const { data } = this;
    const choose = (label) => {
      this.closeMenu();
      this.act("move", { label, group });
    };
    const titled = data.groups.find((one) => one.key === group)?.title;
    const list = element("div", { role: "listbox", "aria-label": "Classes" });
    const field = element("input", {
      type: "text",
      maxlength: "80",
      placeholder: titled ? `Class for: ${titled}` : "Class, or a new name",
      "aria-label": "Move to the class",
      autocomplete: "off",
    });
    const fill = () => {
      const typed = field.value.trim();
      const fits = data.classes.filter((label) => label.toLowerCase().includes(typed.toLowerCase())).slice(0, 50);
      const entries = fits.map((label) => [label, label]);
      if (typed && !data.classes.includes(typed)) entries.push([typed, `New class “${typed}”`]);
      list.replaceChildren(
        ...entries.map(([label, title]) => {
          const place = data.classes.indexOf(label) + 1;
          const made = element("button", { type: "button", role: "option", onclick: () => choose(label) });
          const dot = element("i");
          dot.style.background = data.colours[label] ?? "transparent";
          made.append(dot, title);
          if (place > 0 && place < 10) made.append(element("kbd", { "aria-hidden": "true" }, String(place)));
          return made;
        }),
      );
    };
    field.addEventListener("input", fill);
    const menu = this.menu;
    menu.onkeydown = (event) => {
      event.stopPropagation();
      const entries = [...list.children];
      const at = entries.indexOf(this.host.getRootNode().activeElement);
      if (event.key === "Escape") this.closeMenu(true);
      else if (event.key === "ArrowDown") entries[Math.min(at + 1, entries.length - 1)]?.focus();
      else if (event.key === "ArrowUp") (at > 0 ? entries[at - 1] : field).focus();
      else if (event.key === "Enter" && at < 0) entries[0]?.click();
      else return;
      event.preventDefault();
    };
    menu.onfocusout = (event) => {
      if (!menu.contains(event.relatedTarget)) this.closeMenu();
    };
    fill();
    menu.classList.remove("low");
    menu.replaceChildren(field, list);
    menu.hidden = false;
    field.focus();
  }

  closeMenu(back = false) {
    this.menu.onfocusout = null;
    this.menu.hidden = true;
    if (back) this.focus();
  }
}
