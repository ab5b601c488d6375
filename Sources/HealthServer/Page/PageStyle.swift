/// The page's only style sheet.
enum PageStyle {
    static let text = """
        :root{color-scheme:light dark;\(PagePalette.variables(\.light))}
        @media (prefers-color-scheme:dark){:root{\(PagePalette.variables(\.dark))}}
        *{box-sizing:border-box}
        html{font:16px/1.45 system-ui,sans-serif;color:var(--text);background:var(--page);-webkit-text-size-adjust:100%}
        body{margin:0 auto;padding:0 1rem 3rem;max-width:90rem;overflow-wrap:anywhere}
        header,footer{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;padding:.75rem 0;color:var(--quiet)}
        header>*,footer>*{margin:0}
        header strong{color:var(--text)}
        a{color:var(--link)}
        :focus-visible{outline:3px solid var(--link);outline-offset:2px}
        .skip{position:absolute;left:-100vw}
        .skip:focus{left:1rem;top:.25rem;padding:.5rem;background:var(--page)}
        .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        #link.lost{position:fixed;inset:auto 0 0;margin:0;z-index:1;padding:.75rem 1rem;font-weight:600}
        #link.lost{color:var(--bad);background:var(--bad-panel);border-top:.25rem solid}
        #verdict{padding:1rem 1.25rem;border-left:.5rem solid;border-radius:.25rem}
        #verdict>*{max-width:75ch}
        h1{margin:0;font-size:2rem;line-height:1.2}
        h2{margin:2.25rem 0 .5rem;font-size:1.25rem}
        h3{margin:1rem 0 .25rem;font-size:1rem}
        p,ul{margin:.5rem 0}
        ul{padding-left:1.25rem}
        .counts{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0}
        .state{display:inline-block;padding:0 .5rem;border-radius:1rem;white-space:nowrap;font-weight:600}
        .good{color:var(--good);background:var(--good-panel)}
        .warn{color:var(--warn);background:var(--warn-panel)}
        .bad{color:var(--bad);background:var(--bad-panel)}
        .busy{color:var(--busy);background:var(--busy-panel)}
        #verdict p,#verdict li{color:var(--text)}
        .age,.quiet,#verdict .age{color:var(--quiet)}
        .scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.25rem}
        table{border-collapse:collapse;width:100%;font-size:.9375rem}
        caption{padding:.5rem .75rem;text-align:left;color:var(--quiet)}
        th,td{padding:.5rem .75rem;text-align:left;vertical-align:top;border-top:1px solid var(--line);min-width:6rem}
        thead th{background:var(--panel);white-space:nowrap}
        td.why{min-width:16rem;white-space:pre-line}
        td.wide{min-width:8.5rem}
        th.wide{min-width:11rem}
        th.when{font-weight:400}
        td.what{width:100%;min-width:12rem;white-space:pre-line}
        .word{white-space:nowrap}
        tbody th{font-weight:600}
        td ul{margin:.25rem 0}
        code{font:.9em ui-monospace,monospace}
        dl{display:grid;grid-template-columns:minmax(6rem,12rem) 1fr;gap:.25rem 1rem;margin:.5rem 0}
        dt{color:var(--quiet)}
        dd{margin:0}
        @media (max-width:30rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}h1{font-size:1.6rem}}
        """
}
