export const STYLE = `:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6875; --line: #d9e0e7; --back: #fbfcfd; --accent: #0b6e8f; --code: #eef3f7 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4eaf0; --soft: #9aa7b4; --line: #2c3742; --back: #12181e; --accent: #6cc5e3; --code: #1c252d } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 64rem; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--back) }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere }
p { margin: .25rem 0 1.25rem; color: var(--soft) }
a { color: var(--accent); text-decoration: none }
a:hover, a:focus { text-decoration: underline }
code { font: .875em/1.4 ui-monospace, monospace; background: var(--code); padding: .15em .4em; border-radius: .3em; overflow-wrap: anywhere }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .55rem .8rem; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-size: .8rem; font-weight: 600; color: var(--soft) }
tr:last-child td { border-bottom: 0 }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
nav { margin-bottom: 1.5rem; font-size: .9rem }
footer { margin-top: 2rem; font-size: .85rem; color: var(--soft) }
`;
