/* The tools above the map: pathway, back, show everything, copy the link, print. */
(function (geomap) {
  "use strict";

  const { data, el, byId } = geomap;

  function drawPathways() {
    const select = byId("pathway");
    select.append(el("option", { value: "-1" }, "All pathways"),
      ...data.pathways.name.map((name, row) => el("option", { value: row }, name)));
    select.addEventListener("change", () => geomap.change({ pathway: Number(select.value) }));
  }

  /** Back does nothing at the first step, and says so; it keeps the focus. */
  function back() {
    if (geomap.steps() > 0) history.back();
  }

  const say = (text) => { byId("said").textContent = text; };

  /** Where the page may not write to the clipboard, the link is put into a box to be copied by hand. */
  async function copyLink() {
    const box = byId("link");
    box.value = location.href;
    box.hidden = true;
    try {
      await navigator.clipboard.writeText(box.value);
      say("Link copied.");
    } catch {
      box.hidden = false;
      box.select();
      const isCopied = document.execCommand("copy");
      box.hidden = isCopied;
      say(isCopied ? "Link copied." : "Copy the link from the box.");
      if (isCopied) byId("copy").focus();
    }
  }

  geomap.drawTools = function () {
    drawPathways();
    byId("back").addEventListener("click", back);
    byId("copy").addEventListener("click", copyLink);
    byId("reset").addEventListener("click", geomap.clear);
    byId("print").addEventListener("click", () => window.print());
    geomap.onChange((view) => {
      byId("pathway").value = String(view.pathway);
      byId("back").setAttribute("aria-disabled", String(geomap.steps() === 0));
      byId("link").hidden = true;
      say("");
    });
  };
})(window.geomap);
