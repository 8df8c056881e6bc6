#include "sections.h"

namespace mien {

// Colours of the runs: Okabe and Ito (2008), which colour blind readers tell apart; lighter in the
// dark.
const std::string_view kStyleSheet = R"css(
:root { color-scheme: light dark; --page: #fff; --ink: #1b1b1f; --soft: #5b5f68; --rule: #d9dce2; --card: #f7f8fa;
  --s0: #0072b2; --s1: #d55e00; --s2: #009e73; --s3: #a8508a; --s4: #b37400; --s5: #2c8fc4; --s6: #555; --wrong: #d55e00; }
@media (prefers-color-scheme: dark) { :root { --page: #15171c; --ink: #e8e9ed; --soft: #a3a8b4; --rule: #363a44; --card: #1d2027;
  --s0: #56b4e9; --s1: #f08a3c; --s2: #35c79b; --s3: #dd9cc3; --s4: #e6a817; --s5: #8ccdf0; --s6: #bbb; --wrong: #f08a3c; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 3.2rem; }
body { margin: 0 auto; max-width: 1240px; padding: 0 1rem 3rem; background: var(--page); color: var(--ink);
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 1.4rem 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .8rem; border-bottom: 1px solid var(--rule); padding-bottom: .3rem; }
h3 { font-size: 1.05rem; margin: 1.2rem 0 .5rem; }
nav { position: sticky; top: 0; z-index: 1; display: flex; gap: .2rem 1rem; overflow-x: auto; white-space: nowrap;
  background: var(--page); padding: .6rem 0; border-bottom: 1px solid var(--rule); }
a { color: var(--s0); }
.note, figcaption, .ci { color: var(--soft); font-size: .875rem; }
.note { margin: .5rem 0; }
.ci { white-space: nowrap; font-weight: 400; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 1rem; margin: .8rem 0; align-items: start; }
.grid.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 168px), 1fr)); gap: .6rem; }
.pair { display: grid; grid-template-columns: minmax(min(100%, 340px), 1fr) minmax(0, 2fr); gap: 1rem; align-items: start; margin: .8rem 0; }
@media (max-width: 760px) { .pair { grid-template-columns: minmax(0, 1fr); } }
figure { margin: 0; }
.chart { display: block; width: 100%; height: auto; background: var(--card); border: 1px solid var(--rule); border-radius: 6px; }
.chart.wide { min-width: 760px; max-width: 1040px; }
.scroll { overflow-x: auto; max-width: 100%; margin: .6rem 0; }
:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }
svg text { fill: var(--ink); font-size: 11px; font-variant-numeric: tabular-nums; }
svg .title { font-size: 12.5px; font-weight: 600; }
svg .label { fill: var(--soft); }
svg .on-dark { fill: var(--page); font-weight: 600; }
svg .rule { stroke: var(--rule); stroke-width: .7; }
svg .axis { fill: none; stroke: var(--soft); stroke-width: 1; }
svg .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
svg .line.thick { stroke-width: 4; stroke-linecap: round; opacity: .45; }
svg .line.dash { stroke-dasharray: 5 3; }
svg .line.muted { stroke: var(--soft); stroke-width: 1; }
svg .line.axis { stroke: var(--soft); stroke-width: 1; }
.s0 { --c: var(--s0); } .s1 { --c: var(--s1); } .s2 { --c: var(--s2); } .s3 { --c: var(--s3); }
.s4 { --c: var(--s4); } .s5 { --c: var(--s5); } .s6 { --c: var(--s6); }
svg .line.s0, svg .line.s1, svg .line.s2, svg .line.s3, svg .line.s4, svg .line.s5, svg .line.s6 { stroke: var(--c); }
svg .fill { fill: var(--c); } svg .bar { fill: var(--c); fill-opacity: .22; } svg .ring { fill: var(--card); stroke: var(--c); stroke-width: 2; }
svg .cell.right { fill: var(--s0); } svg .cell.wrong { fill: var(--wrong); } svg .heat { stroke: none; shape-rendering: crispEdges; }
svg .minimum { fill: #fff; stroke: #000; stroke-width: 1.5; }
svg .truth { fill: var(--s4); fill-opacity: .28; } svg .truth-line { stroke: var(--s4); stroke-dasharray: 4 3; }
svg .score { stroke: var(--s0); stroke-width: 1.2; } svg .band { fill: var(--s0); fill-opacity: .3; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; margin: .4rem 0; font-size: .9rem; }
.legend li { overflow-wrap: anywhere; } .swatch { width: 20px; height: 10px; margin-right: .4rem; vertical-align: middle; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .875rem; padding-bottom: .3rem; }
th, td { text-align: left; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
tbody th { font-weight: 400; } td { overflow-wrap: anywhere; min-width: 5.5rem; }
details { margin: .6rem 0; } summary { cursor: pointer; padding: .2rem 0; }
pre { overflow: auto; max-height: 32rem; padding: .8rem; background: var(--card); border: 1px solid var(--rule); border-radius: 6px; font-size: .8rem; }
.thumbnails { display: flex; gap: .5rem; overflow-x: auto; margin: 1rem 0 .3rem; }
.thumbnails img { display: block; width: 84px; height: 84px; object-fit: cover; border-radius: 4px; }
@media print { :root { --page: #fff; --ink: #000; --card: #fff; } nav { display: none; } body { max-width: none; font-size: 11pt; }
  .chart, tr, figure { break-inside: avoid; } pre { max-height: none; white-space: pre-wrap; } .scroll { overflow: visible; } }
)css";

}  // namespace mien
