/* The search box: names, codes and postcodes of everything that can be chosen; a combobox with a list of what it found. */
(function (geomap) {
  "use strict";

  const { data, el, number, counted, byId } = geomap;
  const MOST = 12;
  const FAIR_SHARE = 2;
  const POSTCODE = /^([a-z]{1,2}\d[a-z\d]?) ?\d([a-z]{2}|[a-z]?)$/;
  const WHOLE_POSTCODE = /^[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}$/;
  const HEADINGS = { pcn: "PCNs", place: "Places", icb: "ICBs", operator: "Operators", facility: "Facilities", practice: "Practices" };
  let found = [];
  let total = 0;
  let active = -1;

  /** Lower case without accents or apostrophes; every other sign becomes a space, "&" the word it stands for. */
  geomap.plainText = (text) => text.normalize("NFD").replace(/[\u0300-\u036f'’‘`]/g, "").replace(/&/g, " and ")
    .toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

  const squeezed = (text) => text.replace(/ /g, "");

  /** Everything that can be found: its name and code as they are compared, its weight among equals, what is told of it. */
  const entries = geomap.lazily(function () {
    const made = [];
    const { pcns, practices, facilities, operators, icbs, places } = data;
    const add = (kind, names, codes, weights, note, wholePostcode) => names.forEach((name, row) => made.push({ kind, row, name,
      plain: " " + geomap.plainText(name), code: codes ? geomap.plainText(codes[row]) : "", weight: weights ? weights[row] || 0 : 0,
      note, postcode: wholePostcode ? squeezed(geomap.plainText(wholePostcode[row])) : "" }));
    const icbOf = (pcn) => (pcns.icb[pcn] < 0 ? "" : geomap.shortIcb(icbs.name[pcns.icb[pcn]]));
    add("pcn", pcns.name, pcns.code, pcns.patients, (row) => pcns.code[row] + " · " + icbOf(row));
    if (places) add("place", places.name, null, places.patients, (row) => geomap.placeKinds[places.kind[row]]);
    add("icb", icbs.name.map(geomap.shortIcb), icbs.code, null, (row) => counted(geomap.pcnsOfIcb(row).length, "PCN", "PCNs"));
    add("operator", operators.name, operators.id, operators.pledged_hours, (row) =>
      counted(geomap.facilitiesOf(row).length, "facility", "facilities"));
    add("facility", facilities.name, facilities.id, facilities.pledged_hours, (row) => operators.name[facilities.operator[row]]);
    add("practice", practices.name, practices.code, practices.patients, (row) =>
      practices.code[row] + " · " + practices.postcode[row] + " · " + pcns.name[practices.pcn[row]], practices.postcode);
    return made;
  });

  /** How well an entry answers: 0 best, -1 not at all. The words may stand in any order. */
  function rankOf(entry, wanted, words) {
    if (entry.code === wanted) return 0;
    const plain = entry.plain;
    const at = plain.indexOf(wanted);
    if (at === 1) return plain.length === wanted.length + 1 ? 0 : 1;
    if (entry.code.startsWith(wanted)) return 2;
    if (at > 0 && plain[at - 1] === " ") return 3;
    if (words.length > 1 && words.every((word) => plain.includes(" " + word))) return 4;
    if (at > 0) return 5;
    return words.length > 1 && words.every((word) => plain.includes(word) || entry.code.startsWith(word)) ? 6 : -1;
  }

  /** A postcode finds the practices at it where it is whole, then its district. */
  function rankOfPostcode(entry, district, whole) {
    if (entry.kind === "place") return entry.plain === " " + district && data.places.kind[entry.row] === "postcode_district" ? 1 : -1;
    return whole && entry.postcode === whole ? 0 : -1;
  }

  /**
   * Best answers to what was typed: { best, total }, `best` holding at most 12 of { kind, row, name, note }, those of
   * one kind together, the kind of the best first; of every kind that was found the two best are among them.
   */
  geomap.find = function (text) {
    const wanted = geomap.plainText(text);
    if (wanted === "") return { best: [], total: 0 };
    const postcode = POSTCODE.exec(wanted);
    const whole = WHOLE_POSTCODE.test(wanted) ? squeezed(wanted) : "";
    const words = wanted.split(" ");
    const hits = [];
    for (const entry of entries()) {
      let rank = postcode ? rankOfPostcode(entry, postcode[1], whole) : -1;
      if (rank < 0) rank = rankOf(entry, wanted, words);
      if (rank >= 0) hits.push({ entry, rank });
    }
    hits.sort((a, b) => a.rank - b.rank || b.entry.weight - a.entry.weight || (a.entry.plain < b.entry.plain ? -1 : 1));
    const kinds = geomap.once(hits.map(({ entry }) => entry.kind));
    const firsts = kinds.flatMap((kind) => hits.filter(({ entry }) => entry.kind === kind).slice(0, FAIR_SHARE));
    const taken = new Set(firsts);
    for (const hit of hits) if (taken.size < MOST) taken.add(hit);
    const best = kinds.flatMap((kind) => hits.filter((hit) => hit.entry.kind === kind && taken.has(hit)).map(({ entry }) => entry));
    return { best, total: hits.length };
  };

  /** What is said where nothing was found: of a whole postcode, where it was looked for. */
  function nothingWords(text) {
    const wanted = geomap.plainText(text);
    if (!WHOLE_POSTCODE.test(wanted)) return "Nothing of that name was found.";
    const district = POSTCODE.exec(wanted)[1].toUpperCase();
    return "No practice in this map at " + district + " " + squeezed(wanted).slice(-3).toUpperCase() + " or in " + district + "; try a town.";
  }

  const isOpen = () => !byId("found").hidden;

  function close() {
    byId("found").hidden = true;
    byId("search").setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function mark(to) {
    active = to;
    byId("found").querySelectorAll("[role=option]").forEach((option, k) => {
      option.setAttribute("aria-selected", String(k === active));
      if (k === active) option.scrollIntoView({ block: "nearest" });
    });
    if (active < 0) byId("search").removeAttribute("aria-activedescendant");
    else byId("search").setAttribute("aria-activedescendant", "found-" + active);
  }

  function take(k) {
    const { kind, row } = found[k];
    byId("search").value = "";
    show("");
    geomap.choose({ kind, row });
  }

  function optionOf(entry, k) {
    const option = el("li", { role: "option", id: "found-" + k, "aria-selected": "false", click: () => take(k) },
      el("span", { class: "found-name " + geomap.caps(entry.name) }, entry.name), el("span", { class: "note" }, entry.note(entry.row)));
    option.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
    return option;
  }

  function groups() {
    const made = [];
    found.forEach((entry, k) => {
      if (k === 0 || found[k - 1].kind !== entry.kind) {
        made.push(el("ul", { role: "group", "aria-label": HEADINGS[entry.kind] },
          el("li", { role: "presentation", class: "found-kind" }, HEADINGS[entry.kind])));
      }
      made.at(-1).append(optionOf(entry, k));
    });
    return made;
  }

  function show(text) {
    const answer = geomap.find(text);
    found = answer.best;
    total = answer.total;
    const isEmpty = text.trim() === "";
    byId("found-list").replaceChildren(...groups());
    byId("found-said").textContent = byId("found-count").textContent = isEmpty ? "" : total === 0 ? nothingWords(text)
      : total > found.length ? "The best " + number(found.length) + " of " + number(total) + " found; type more to narrow it."
        : number(total) + " found.";
    byId("found").hidden = isEmpty;
    byId("search").setAttribute("aria-expanded", String(!isEmpty && total > 0));
    mark(-1);
  }

  function press(event) {
    const last = found.length - 1;
    const steps = { ArrowDown: active >= last ? 0 : active + 1, ArrowUp: active <= 0 ? last : active - 1 };
    if (event.key in steps) {
      event.preventDefault();
      if (!isOpen()) show(event.target.value);
      else if (last >= 0) mark(steps[event.key]);
    } else if (event.key === "Enter" && isOpen() && last >= 0) {
      event.preventDefault();
      take(Math.max(0, active));
    } else if (event.key === "Escape" && event.target.value !== "") {
      event.stopPropagation(); // first the list, then the text, then the choice
      if (isOpen()) close();
      else event.target.value = "";
    }
  }

  geomap.drawSearch = function () {
    const box = byId("search");
    box.addEventListener("focus", () => setTimeout(entries), { once: true });
    box.addEventListener("input", () => show(box.value));
    box.addEventListener("keydown", press);
    box.addEventListener("blur", close);
  };
})(window.geomap);
