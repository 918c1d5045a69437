"""The parsers of the pages, run in the browser that they run in."""

from pages_app import ORDER


def in_page(page, script, *arguments):
    """What the script, the body of an asynchronous function, returns."""
    wrapped = f"const done = arguments[arguments.length - 1]; (async (args) => {{ {script} }})([...arguments])"
    value = page.browser.driver.execute_async_script(
        wrapped + ".then(done, (e) => done(`failed: ${e.stack}`))", *arguments
    )
    assert not (isinstance(value, str) and value.startswith("failed: ")), value
    return value


def json_errors_show_their_place(page):
    cases = [
        ("", 1, 1, "A value is expected here, not the end of the text"),
        ('{"a":1,}', 1, 8, 'A name in double quotes is expected here, not "}"'),
        ("[1,\n 2,]", 2, 4, 'A value is expected here, not "]"'),
        ('{"a" 1}', 1, 6, 'A colon is expected here, not "1"'),
        ('{"a":1 "b":2}', 1, 8, 'A comma or } is expected here, not """'),
        ("[1 2]", 1, 4, 'A comma or ] is expected here, not "2"'),
        ('"abc', 1, 1, "This string has no end"),
        ('"a\\x"', 1, 3, "This escape sequence does not exist in JSON"),
        ('"a\nb"', 1, 3, "A string cannot hold the control character U+000a; it must be escaped"),
        ("[01]", 1, 3, "This number is not written as JSON has it"),
        ("[-]", 1, 2, "A digit must follow the minus sign"),
        ("[NaN]", 1, 2, "NaN is not a value in JSON"),
        ("{} x", 1, 4, 'The value ends before this, but "x" follows'),
        ("[" * 600, 1, 501, "More than 500 objects and arrays inside each other are not shown"),
    ]
    found = in_page(
        page,
        """
        const { parseJson } = await import('/body/json_parser.js');
        const { BodyFault } = await import('/body/body_fault.js');
        return args[0].map(([text]) => {
            try { parseJson(text); } catch (error) {
                if (error instanceof BodyFault) return [text, error.line, error.column, error.message];
                throw error;
            }
            return [text, 0, 0, 'nothing'];
        });
        """,
        cases,
    )
    for one, case in zip(found, cases, strict=True):
        assert one == list(case), (one, case)


def xml_errors_show_their_place(page):
    cases = [
        ("", 1, 1, "The document has no root element"),
        ("<a>", 1, 1, "<a> is never closed"),
        ("<a>\n <b></a>", 2, 5, "</a> where </b> is expected"),
        ("<a/></a>", 1, 5, "</a> closes nothing"),
        ("<a/><b/>", 1, 5, "A document has one outermost element; this is a second one"),
        ("<a/>x", 1, 5, "Text is not allowed outside the outermost element"),
        ("<a b=1/>", 1, 3, "The tag <a> is not valid here"),
        ("<a>< b/></a>", 1, 5, 'A name must follow "<"'),
        ("<a><!-- </a>", 1, 4, "This comment is never closed"),
        ("<!DOCTYPE a", 1, 1, "This declaration is never closed"),
        ("<a>" * 300, 1, 604, "More than 200 elements inside each other are not shown"),
        ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a b="<"/>', 1, 54, "The tag <a> is not valid here"),
        ('<?xml version="1.0"?>\n<s:a xmlns:s="u" b=\'"\'>t &amp; <![CDATA[<]]><!--c--><b/></s:a>\n', 0, 0, "nothing"),
    ]
    found = in_page(
        page,
        """
        const { parseXml } = await import('/body/xml_parser.js');
        const { BodyFault } = await import('/body/body_fault.js');
        return args[0].map(([text]) => {
            try { parseXml(text); } catch (error) {
                if (error instanceof BodyFault) return [text, error.line, error.column, error.message];
                throw error;
            }
            return [text, 0, 0, 'nothing'];
        });
        """,
        cases,
    )
    for one, case in zip(found, cases, strict=True):
        assert one == list(case), (one, case)


def the_json_parser_accepts_what_the_browser_does(page):
    """Texts with random faults; where both accept, the values are the same."""
    differing = in_page(
        page,
        r"""
        const { parseJson, stringOf } = await import('/body/json_parser.js');
        const valueOf = (text, node) => {
            const members = (node.members ?? []).map((m) => [m.key, valueOf(text, m.node)]);
            if (node.type === 'object') return Object.fromEntries(members);
            if (node.type === 'array') return members.map(([, value]) => value);
            return node.type === 'string' ? stringOf(text, node) : JSON.parse(text.slice(node.start, node.end));
        };
        let seed = 1;
        const random = (n) => { seed = (seed * 48271) % 2147483647; return seed % n; };
        const texts = ['{"a":[1,-0.5e+3,true,null,"x\\u00e9\\n"],"b":{"c":[],"d":{}}, "e" : "\\\\\\"" }',
            '[[1,2],{"a":"b"}]', ' "s" '];
        const letters = [...'{}[],:"\\01-.e \n\t\u0001', 'true', 'u12'];
        const run = (f) => { try { return JSON.stringify(f()); } catch { return 'refused'; } };
        const differing = [];
        let refused = 0;
        for (let i = 0; i < 20000; i += 1) {
            let text = texts[random(texts.length)];
            for (let n = random(3); n >= 0; n -= 1) {
                const at = random(text.length + 1);
                const letter = random(3) ? letters[random(letters.length)] : '';
                text = text.slice(0, at) + letter + text.slice(at + random(2));
            }
            const theirs = run(() => JSON.parse(text));
            if (theirs === 'refused') refused += 1;
            if (run(() => valueOf(text, parseJson(text))) !== theirs) differing.push(text);
        }
        return { differing: differing.slice(0, 5), refused };
        """,
    )
    assert differing["differing"] == [], differing
    assert 1000 < differing["refused"] < 19_500, differing


def indented_json_goes_back_to_its_own_layout(page):
    originals = [
        f'{{"id":{ORDER},"id":1.50,"a":[],"o":{{}},"s":"x\\"y: {{1, 2}}","l":[1,[2,{{"q":null}}]]}}',
        " [1 ,\r\n\t2]\r\n", '"x"', "  12 ", "{}", '{"a" : { "b":1 } }',
    ]  # fmt: skip
    spaced = '{ "a": 1,"b" :2 ,  "c":[1,2,3],"d":{"e":4} }\n'
    edits = [
        ([['"a": 1', '"a": 7'], ["4", '"f"']], '{ "a": 7,"b" :2 ,  "c":[1,2,3],"d":{"e":"f"} }\n'),
        ([['"a": 1', '"a": 7'], ["4", "[5]"]], '{ "a": 7,"b" :2 ,  "c":[1,2,3],"d":{"e":[5]} }\n'),
        ([["    2,\n", ""], ["4", '4, "f": "g h"']], '{ "a": 1,"b" :2 ,  "c":[1,3],"d":{"e":4,"f":"g h"} }\n'),
    ]
    result = in_page(
        page,
        """
        const { indented, withLayoutOf } = await import('/body/json_layout.js');
        const [originals, spaced, edits] = args;
        return {
            shown: indented(originals[5]),
            back: originals.map((text) => withLayoutOf(text, indented(text))),
            edited: edits.map(([changes]) => withLayoutOf(
                spaced, changes.reduce((text, [from, to]) => text.replace(from, to), indented(spaced)))),
        };
        """,
        originals,
        spaced,
        edits,
    )
    assert result["shown"] == '{\n  "a": {\n    "b": 1\n  }\n}', result
    assert result["back"] == originals, result
    assert result["edited"] == [expected for _, expected in edits], result


def terms_are_added_and_taken_out(page):
    results = in_page(
        page,
        r"""
        const { quoted, termsOf, withTerm, toggledTerm, jsonTerm } = await import('/data/filter_terms.js');
        return [
            ...['plain-1.2@x', 'two words', 'say "a\\b"', '-x', '/hooks/a', '/a b/', ''].map(quoted),
            termsOf('a:1 "b c" (d OR e) f:"g \\" h" -i'),
            withTerm('a:1', 'a:1'), withTerm('a:1', 'b:2'), withTerm('a:1 OR b:2', 'c:3'),
            toggledTerm('a:1 b:2', 'a:1'), toggledTerm('', 'a:1'),
            jsonTerm(['data', 'items', '0', 'id'], '42'), jsonTerm(['a.b', 'c'], 'x y'), jsonTerm(['odd key'], 'v'),
        ];
        """,
    )
    assert results == [
        "plain-1.2@x", '"two words"', r'"say \"a\\b\""', '"-x"', "/hooks/a", '"/a b/"', '""',
        ["a:1", '"b c"', "(d OR e)", r'f:"g \" h"', "-i"],
        "a:1", "a:1 b:2", "(a:1 OR b:2) c:3",
        "b:2", "a:1",
        "body.data.items.0.id=42", 'body.[a.b].c="x y"', "body:v",
    ], results  # fmt: skip


def forms_are_read_exactly(page):
    results = in_page(
        page,
        r"""
        const { formPairs, multipartParts } = await import('/body/forms.js');
        const bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
        const shown = (p) => [p.name, p.filename, p.type, String.fromCharCode(...p.content)];
        const parts = (text, type) => multipartParts(bytes(text), type)?.map(shown) ?? null;
        const head = 'Content-Disposition: form-data; name=';
        const form = 'multipart/form-data; boundary="a b"';
        return [
            formPairs('a=1&a=2&b&c=%20x+y&d=%zz&e=f=g'), formPairs(''),
            parts(`--a b\r\n${head}"x; y"; filename="f.bin"\r\nContent-Type: image/png\r\n\r\n` +
                '\x00\r\n\xff\r\n--a b--\r\n', form),
            parts(`--a b\r\n${head}n\r\n\r\n\r\n--a b--`, form),
            parts('nothing', form), parts('--x', 'multipart/form-data'), parts('--a b\r\nname', form),
        ];
        """,
    )
    assert results == [
        [["a", "1"], ["a", "2"], ["b", ""], ["c", " x y"], ["d", "%zz"], ["e", "f=g"]], [],
        [["x; y", "f.bin", "image/png", "\x00\r\n\xff"]],
        [["n", None, None, ""]],
        None, None, [["", None, None, "name"]],
    ], results  # fmt: skip


CASES = [
    json_errors_show_their_place,
    xml_errors_show_their_place,
    the_json_parser_accepts_what_the_browser_does,
    indented_json_goes_back_to_its_own_layout,
    terms_are_added_and_taken_out,
    forms_are_read_exactly,
]
