// The picture beside the mouse: listens to a chart of Plotly's and shows the tile of the point that is under it.
//
// All tiles are one picture, fetched once. `customdata` of a point is its row, which is the place of its tile.

const SIDE = 112; // pixels
const LOOK = 500; // milliseconds: the chart may be drawn anew, or later than this
const GAP = 18;
const watched = new Map(); // by the key of the chart

export default function (component) {
  const { data } = component;
  clearInterval(watched.get(data.key));
  attach(data);
  watched.set(data.key, setInterval(() => attach(data), LOOK));
  return () => {
    clearInterval(watched.get(data.key));
    watched.delete(data.key);
    floating.hidden = true;
  };
}

const floating = document.createElement("div");
floating.hidden = true;
floating.className = "graft-map-picture";
floating.style.cssText = `position: fixed; width: ${SIDE}px; height: ${SIDE}px; z-index: 1000000; pointer-events: none;
  border-radius: 8px; box-shadow: 0 2px 10px rgba(0, 0, 0, 0.35); background-color: #8a8f98;`;
document.body.append(floating);

function attach(data) {
  const chart = document.querySelector(`.st-key-${CSS.escape(data.key)} .js-plotly-plot`);
  if (!chart?.on || chart.graftTiles === data.url) return;
  const listens = Boolean(chart.graftTiles);
  chart.graftTiles = data.url;
  chart.graftAcross = data.across;
  if (listens) return;
  chart.on("plotly_hover", (event) => show(chart, event));
  chart.on("plotly_unhover", () => (floating.hidden = true));
}

function show(chart, event) {
  const place = Number(event.points?.[0]?.customdata);
  if (!Number.isInteger(place)) return;
  const across = chart.graftAcross;
  const { clientX: x, clientY: y } = event.event;
  floating.style.backgroundImage = `url("${chart.graftTiles}")`;
  floating.style.backgroundSize = `${across * SIDE}px auto`;
  floating.style.backgroundPosition = `${-(place % across) * SIDE}px ${-Math.floor(place / across) * SIDE}px`;
  floating.style.left = `${x > SIDE + 2 * GAP ? x - SIDE - GAP : x + GAP}px`;
  floating.style.top = `${Math.max(GAP, y - SIDE - GAP)}px`;
  floating.hidden = false;
}
