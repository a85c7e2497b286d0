/** Begins: reads the state, fetches the map, and lets everything that is drawn hear of every change. */

import { Audit } from "./audit.js";
import { breath } from "./breath.js";
import { Desk } from "./desk/desk.js";
import { Dock } from "./dock.js";
import { byId, h } from "./elements.js";
import { Narrowed } from "./filter.js";
import { glide } from "./glide.js";
import { warmed } from "./graphics.js";
import { askForKey } from "./keyform.js";
import { follow } from "./live.js";
import { fetchLook } from "./operator.js";
import { forgetOther, loadOther, updateOther } from "./other.js";
import { Panel } from "./panel.js";
import { printing } from "./report.js";
import { drawSentence } from "./sentence.js";
import { NeedsKey, Told } from "./service.js";
import { forgetSources } from "./sources.js";
import { set, state, subscribe } from "./store.js";
import { Table } from "./table.js";
import { toast } from "./toast.js";
import { beginTheme, top } from "./top.js";
import * as waiting from "./waiting.js";
import { load, look, numberOf, update, world } from "./world.js";
import { texts } from "./words.js";

/** The map, once it is drawn. @type {import("./map.js").Chart | null} */
export let chart = null;

/** MapLibre is most of the page's script: it is read while the service answers, and in a task of its own. */
const mapModule = import("./map.js");
const graphics = warmed();

beginTheme();
const auditBox = h("div.audit", { id: "audit", hidden: true });
document.querySelector(".stage")?.insertBefore(auditBox, byId("panel"));
const deskBox = h("div.audit.desk", { id: "desk", hidden: true });
document.querySelector(".stage")?.insertBefore(deskBox, byId("panel"));
const tableBox = h("div.table", { id: "table", hidden: true });
document.querySelector(".stage")?.insertBefore(tableBox, byId("panel"));
document.body.append(h("p.lost", { id: "lost", role: "status", hidden: true }));

/** Fetch the map, under a thin bar: what was drawn stays until there is something newer. */
async function fetchMap() {
  waiting.begin();
  try {
    await Promise.all([load(), fetchLook()]);
  } catch (error) {
    if (!(error instanceof NeedsKey)) throw error;
    waiting.end();
    await askForKey();
    waiting.begin();
    await Promise.all([load(), fetchLook()]);
  } finally {
    waiting.end();
  }
  await breath();
  look();
}

async function begin() {
  await fetchMap();
  await breath();
  const dock = new Dock(byId("dock"));
  const table = new Table(tableBox);
  const narrowed = new Narrowed(byId("map"));
  const audit = new Audit(auditBox);
  const desk = new Desk(deskBox);
  const panel = new Panel(byId("panel"), () => chart);
  const header = top(byId("tools"), { show: (number) => chart?.show(number), themed });
  const drawStep = () => {
    byId("map").inert = state.as !== "map"; // it lies under what is open: no key shall go there
    drawSentence();
    dock.draw();
    table.draw();
    narrowed.draw();
    audit.draw();
    desk.draw();
    header.draw();
    chart?.look();
  };
  subscribe((now, before) => {
    if (now.view !== before.view || now.position !== before.position) return void renew();
    if (now.camera !== before.camera && Object.keys(now).every((name) => name === "camera" || now[name] === before[name])) return;
    if (now.compare !== before.compare) beside().then(() => { chart?.look(); panel.draw(); });
    look();
    drawStep();
    document.body.classList.toggle("as-table", now.as === "table");
    if (now.place !== before.place) chart?.show(numberOf(now.place));
  });
  const renew = async () => {
    await fetchMap();
    forgetOther();
    await beside();
    dock.place();
    chart?.place();
    panel.draw();
    drawStep();
  };
  /** Something was recorded: what changed is drawn, and whatever the reader holds, chose or typed stays. */
  const news = async () => {
    const found = await update();
    forgetSources();
    if (found.whole) {
      forgetOther();
      await beside();
    } else await updateOther();
    look();
    dock.grow();
    if (found.places) chart?.place();
    panel.fresh(found.ids);
    drawStep();
  };
  function themed() {
    chart?.themed();
    panel.draw();
    dock.draw();
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed);
  await breath();
  dock.place();
  await breath();
  drawStep();
  await breath();
  panel.draw();
  document.body.classList.toggle("as-table", state.as === "table");
  await beside();
  if (state.compare) panel.draw();
  await openMap();
  panel.opened();
  printing(() => chart, themed);
  document.documentElement.dataset.ready = "yes";
  glide();
  follow(news);
}

/** Fetch what is compared with; where there is no such view, nothing is. */
async function beside() {
  try {
    await loadOther();
  } catch (error) {
    if (!(error instanceof Told)) throw error;
    set({ compare: null });
    toast(error.message);
  }
}

async function openMap() {
  waiting.begin();
  waiting.at("drawing");
  const [{ Chart }] = await Promise.all([mapModule, graphics]);
  await breath();
  const made = new Chart(byId("map"));
  const drawable = await made.open().finally(waiting.end);
  if (!drawable) return byId("map").replaceChildren(h("p.notice", null, texts.empty.webgl));
  chart = made;
  byId("map").append(h("p.credit", null, `${texts.legend.borders} ${made.credit}`));
  if (!world.places.ids.length) byId("map").append(h("div.empty", null, h("h2", null, texts.empty.log), h("p", null, texts.empty.how)));
}

begin().catch((error) => {
  toast(String(error instanceof Error ? error.message : error));
  throw error;
});
