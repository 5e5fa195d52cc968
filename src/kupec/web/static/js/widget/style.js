// The panel's look.

const CSS = `
.panel { position: fixed; inset: auto 20px 20px auto; z-index: 2147483001; width: 400px; height: min(680px, calc(100dvh - 40px)); display: flex; flex-direction: column;
  background: var(--s); border: 1px solid var(--l); border-radius: calc(var(--r) + 4px); box-shadow: 0 8px 32px #0004; overflow: hidden; overscroll-behavior: contain }
header { display: flex; gap: 8px; align-items: start; padding: 12px 8px 10px 16px; border-bottom: 1px solid var(--l) }
header div { flex: 1 } h2 { margin: 0; font-size: 17px; line-height: 1.3 } header p { font-size: 13px; color: var(--f) }
.bare { border: 0; background: none; padding: 0; min-width: 40px; display: grid; place-items: center }
.bar { display: flex; flex-wrap: wrap; gap: 8px; padding: 8px 16px; border-bottom: 1px solid var(--l); font-size: 14px }
.bar button { display: flex; gap: 6px; align-items: center; padding: 4px 10px } .bar svg { width: 17px; height: 17px }
.note { padding: 8px 16px; background: var(--k); font-size: 14px }
.log { flex: 1; overflow-y: auto; padding: 16px; display: flex; flex-direction: column; gap: 8px; overscroll-behavior: contain; overflow-wrap: anywhere }
.log > :first-child { margin-top: auto }
.said { display: flex; flex-direction: column; gap: 6px; align-items: flex-start; max-width: 100% } .me { align-items: flex-end }
.body { max-width: 86%; padding: 8px 12px; border-radius: 14px 14px 14px 4px; background: var(--k); display: grid; gap: 6px; position: relative }
.me .body { background: var(--a); color: var(--oa); border-radius: 14px 14px 4px } .body ul { padding-left: 20px }
.who { font-size: 13px; font-weight: 600; color: var(--f) } .line { align-self: center; text-align: center; font-size: 13px; color: var(--f); max-width: 90% }
.source { font-size: 13px } .choices { display: flex; flex-wrap: wrap; gap: 6px }
.choice { border-color: var(--a); border-radius: 99px; text-align: left } .add { background: var(--a); color: var(--oa); border-radius: var(--r); text-align: center }
.add:hover { background: var(--a); filter: brightness(.9) }
.cards { list-style: none; display: flex; gap: 8px; width: 100%; overflow-x: auto; padding-bottom: 4px; scroll-snap-type: x proximity }
.card { display: flex; flex-direction: column; gap: 6px; border: 1px solid var(--l); border-radius: var(--r); padding: 12px; width: 100%; scroll-snap-align: start }
.many .card { flex: 0 0 200px } .card img { width: 100%; aspect-ratio: 4/3; object-fit: contain; border-radius: 4px; background: #f4ecde } .card button { width: 100%; margin-top: auto }
.card button ~ button { margin-top: 0 }
.title { font-weight: 600; line-height: 1.3 } .small, small { font-size: 13px; color: var(--f) } .me small { color: inherit } .price { font-weight: 600 }
.file { display: flex; gap: 8px; align-items: center } .file img { width: 64px; height: 64px; object-fit: cover; border-radius: 4px }
.status { color: var(--f); display: block; height: 16px } .status svg { width: 16px; height: 16px; display: block }
.again { display: flex; gap: 6px; align-items: center; font-size: 13px; border-color: currentColor; color: light-dark(#a32015, #ff9d90) }
.dots { display: flex; gap: 4px; padding: 10px 14px; background: var(--k); border-radius: 14px; width: max-content } .dots i { width: 7px; height: 7px; border-radius: 9px; background: var(--f) }
@media (prefers-reduced-motion: no-preference) { .dots i { animation: b 1s infinite } .dots i + i { animation-delay: .15s } .dots i + i + i { animation-delay: .3s } }
@keyframes b { 40% { transform: translateY(-4px) } 80% { transform: none } }
form { border-top: 1px solid var(--l); padding: 8px } .write { display: flex; gap: 4px; align-items: end } .write .send { background: var(--a); color: var(--oa); padding: 0; min-width: 40px; display: grid; place-items: center; border: 0 }
textarea { flex: 1; min-width: 0; max-height: 130px; resize: none; field-sizing: content; background: none; padding: 8px; border: 1px solid var(--l); border-radius: var(--r) }
@media (max-width: 560px) { .panel { inset: 0; width: 100%; height: 100dvh; border: 0; border-radius: 0 } }
`;

export const sheet = new CSSStyleSheet();
sheet.replaceSync(CSS);
