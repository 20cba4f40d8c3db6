/* What lies under what in the two trees of organisations, and the words and figures of each row. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, counted } = geomap;
  const { pcns, operators, facilities, pledges, pathways, practices, tree } = data;
  const groups = new Map();

  /** Rows of a block under each row of another, siblings in the order that the page was made with. */
  function under(block, column) {
    const key = block + " " + column;
    if (!groups.has(key)) {
      const found = new Map();
      for (const row of tree.order[block]) {
        const parent = column === "kind" ? geomap.kindRow(row) : data[block][column][row];
        if (!found.has(parent)) found.set(parent, []);
        found.get(parent).push(row);
      }
      groups.set(key, found);
    }
    return groups.get(key);
  }

  const rowsUnder = (block, column, row) => under(block, column).get(row) || [];
  const twigs = (kind, rows) => rows.map((row) => ({ kind, row }));
  const apart = (rows, column, isIn) => rows.filter((row) => isIn(column[row]));
  const roleWord = (role) => data.role_words[role] || role.replaceAll("_", " ");

  /** The roles that a pledge brings to a pathway; where it names none, those that the pathway needs. */
  function rolesOf(pledge, pathway) {
    const needed = typeof pathway === "number" ? tree.roles[pathway] : [];
    const named = pledges.roles[pledge];
    const needs = needed.map(roleWord).join(", ");
    if (!named) return [{ kind: "role", row: -1, text: "No role told" + (needs ? "; the pathway needs: " + needs : "") }];
    return named.map((role) => ({ kind: "role", row: -1, text: geomap.sentence(roleWord(role)),
      note: needed.includes(role) ? "needed by the pathway" : null }));
  }

  const waysOf = (pledge) => (pledges.named[pledge] || []).map((way, k) =>
    ({ kind: "pathway", row: typeof way === "number" ? way : -1, way, pledge, places: tree.places[pledge][k] }));

  /** The twigs under each kind of twig. */
  const CHILDREN = {
    region: ({ row }) => twigs("icb", rowsUnder("icbs", "region", row)),
    icb: ({ row }) => [...twigs("sub_icb", rowsUnder("sub_icbs", "icb", row)),
      ...twigs("pcn", apart(rowsUnder("pcns", "icb", row), pcns.sub_icb, (sub) => sub < 0))],
    sub_icb: ({ row }) => twigs("pcn", rowsUnder("pcns", "sub_icb", row)),
    pcn: ({ row }) => twigs("practice", rowsUnder("practices", "pcn", row)),
    practice: () => [],
    kind: ({ row }) => twigs("operator", rowsUnder("operators", "kind", row)),
    operator: ({ row }) => [...twigs("facility", rowsUnder("facilities", "operator", row)),
      ...twigs("pledge", apart(rowsUnder("pledges", "operator", row), pledges.facility, (facility) => facility < 0))],
    facility: ({ row }) => twigs("pledge", rowsUnder("pledges", "facility", row)),
    pledge: ({ row }) => waysOf(row),
    pathway: ({ pledge, way }) => rolesOf(pledge, way),
    role: () => [],
  };

  geomap.twigsUnder = (twig) => CHILDREN[twig.kind](twig);

  /** The first twigs of the two trees. */
  geomap.firstTwigs = (side) => (side === "nhs" ? twigs("region", tree.order.regions)
    : twigs("kind", tree.order.kinds.filter((row) => rowsUnder("operators", "kind", row).length > 0)));

  const places = (name, note, sums, row) => ({ name, note,
    figures: [[people(sums.patients[row]), "patients"], [people(sums.people[row]), "with a place"]],
    part: sums.people[row], whole: sums.demand[row] });

  const pcnSums = { patients: pcns.patients, people: pcns.matched_places, demand: pcns.demand_places };

  const hours = (name, note, pledged, matched, left) => ({ name, note, part: matched, rest: left, whole: pledged,
    figures: [[number(pledged), "hours pledged"], [number(matched), "matched"], [number(left), "left"]] });

  function kindTold(row) {
    const sums = tree.sums.kinds;
    const name = geomap.kindNames(row);
    return hours(geomap.sentence(name), counted(rowsUnder("operators", "kind", row).length, "operator", "operators"),
      sums.pledged[row], sums.matched[row], sums.left[row]);
  }

  const ofBlock = (block, row, name, note) =>
    hours(name, note, block.pledged_hours[row], block.matched_hours[row], block.unmatched_hours[row]);

  function pledgeTold(row) {
    const unit = data.units[pledges.unit[row]] || pledges.unit[row];
    return ofBlock(pledges, row, pledges.id[row], number(pledges.hours[row]) + " " + unit);
  }

  function pathwayTold({ way, row, places: given }) {
    const matched = row < 0 ? 0 : given * pathways.course_hours[row];
    const note = given > 0 ? geomap.countedPeople(given) : "nobody with a place";
    return { name: row < 0 ? String(way) : pathways.name[row], note, 
      figures: [null, geomap.isFew(given) ? null : [number(matched), "hours matched"], null] };
  }

  /** { name, note, figures: [[text, words]…], part, rest, whole }: what stands on the row of a twig. */
  const TOLD = {
    region: ({ row }) => places(data.regions.name[row], "region", tree.sums.regions, row),
    icb: ({ row }) => places(geomap.icbName(row), "ICB", tree.sums.icbs, row),
    sub_icb: ({ row }) => places(geomap.nameOf({ kind: "sub_icb", row }), "sub-ICB", tree.sums.sub_icbs, row),
    pcn: ({ row }) => places(pcns.name[row], /\bPCN\b/i.test(pcns.name[row]) ? null : "PCN", pcnSums, row),
    practice: ({ row }) => ({ name: practices.name[row], note: "practice", 
      figures: [[people(practices.patients[row]), "patients"], null] }),
    kind: ({ row }) => kindTold(row),
    operator: ({ row }) => ofBlock(operators, row, operators.name[row],
      counted(rowsUnder("facilities", "operator", row).length, "facility", "facilities")),
    facility: ({ row }) => ofBlock(facilities, row, facilities.name[row], data.venues[facilities.venue[row]]),
    pledge: ({ row }) => pledgeTold(row),
    pathway: pathwayTold,
    role: ({ text, note }) => ({ name: text, note, figures: [] }),
  };

  geomap.twigTold = (twig) => TOLD[twig.kind](twig);

  /** The thin bar of a row, as long as its part of the longest beside it. */
  geomap.twigBar = function (told, most) {
    const box = el("span", { class: "twig-bar" });
    if (!told.whole || !most) return box;
    const whole = el("span", { class: "whole" }, el("span", { class: "part" }));
    whole.style.width = Math.max(1, (told.whole / most) * 100) + "%";
    whole.firstChild.style.width = Math.min(1, told.part / told.whole) * 100 + "%";
    if (told.rest) {
      whole.append(el("span", { class: "rest" }));
      whole.lastChild.style.width = Math.min(1, told.rest / told.whole) * 100 + "%";
    }
    box.append(whole);
    return box;
  };

  /** What a row says, read aloud. */
  geomap.twigWords = (told) => [told.name, told.note, ...told.figures.filter(Boolean).map((each) => each.join(" "))].filter(Boolean).join(", ");

  /** From the top of its tree down to a choice: [{ kind, row }…]; nothing where it stands in no tree. */
  geomap.wayTo = function (choice) {
    const way = [];
    const add = (kind, row) => { if (row >= 0) way.unshift({ kind, row }); };
    const addPcn = (pcn) => {
      add("pcn", pcn);
      add("sub_icb", pcns.sub_icb[pcn]);
      add("icb", pcns.icb[pcn]);
      add("region", data.icbs.region[pcns.icb[pcn]]);
    };
    const addIcb = (icb) => [add("icb", icb), add("region", data.icbs.region[icb])];
    const addOperator = (operator) => [add("operator", operator), add("kind", geomap.kindRow(operator))];
    const WAYS = {
      region: (row) => add("region", row),
      icb: addIcb,
      sub_icb: (row) => [add("sub_icb", row), addIcb(data.sub_icbs.icb[row])],
      pcn: addPcn,
      practice: (row) => [add("practice", row), addPcn(practices.pcn[row])],
      kind: (row) => add("kind", row),
      operator: addOperator,
      facility: (row) => [add("facility", row), addOperator(facilities.operator[row])],
    };
    const only = WAYS[choice.kind] ? choice : { kind: "pcn", row: [...geomap.kindOf(choice).pcns(choice.row)][0] };
    if (only.row !== undefined) WAYS[only.kind](only.row);
    return way;
  };
})(window.geomap);
