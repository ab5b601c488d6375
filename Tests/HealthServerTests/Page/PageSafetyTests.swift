import FoundationEssentials
import Shared
import Testing

@testable import HealthServer

/// Nothing that came from elsewhere becomes markup, nothing secret is shown, nothing but our own text runs.
@Suite struct PageSafetyTests {
    private static let attacks = [
        "<script>document.title='x'</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
        "&lt;b&gt;&amp",
        "</td></table></main><script>", "<!--", "]]>", "javascript:alert(1)", "</style><style>", "{{constructor}}",
    ]

    @Test(arguments: attacks)
    func everyFieldIsTextWhateverItHolds(_ attack: String) throws {
        let clean = try MarkupReader(PageFixture.html(subject("")))
        let html = PageFixture.html(subject(attack))
        let hostile = try MarkupReader(html)
        // Not one element or attribute more than without it.
        let difference = hostile.elements.difference(from: clean.elements)
        #expect(difference.isEmpty, "\(difference)")
        for field in Self.fields {
            #expect(hostile.text.contains(field + attack), "\(field) is missing with \(attack)")
        }
    }

    /// The words before each mark of ``PageFixture``.
    private static let fields = [
        "consumer", "provider-ok", "provider-refused", "provider-open", "file-0", "oddity", "broker-text", "$.path",
        "last-error", "description", "origin", "source-detail", "source-warning", "invalid", "why-invalid", "ignored",
        "why-ignored", "pact/map", "map-problem", "rv", "http://broker.example:9292/base", "2.116", "broker-detail",
        "publication-warning", "event", "field", "value", "helper", "spawn", "waits-for", "waits-as", "state-problem",
    ]

    private func subject(_ mark: String) -> PageSubject {
        var groups: [WaitingGroup] = []
        let query = ProviderQuery(provider: "waits-for\(mark)", consumer: "waits-as\(mark)")
        groups.add(query, since: Situations.now, address: "::1")
        let problem = StateProblem.unreadable("state-problem\(mark)")
        return PageFixture.subject(PageFixture.sections(mark), problem: problem, waiting: groups)
    }

    @Test(arguments: [
        "\u{0}", "\u{1}", "\u{1B}", "\u{7F}", "\u{85}", "\u{9F}", "\r", "\u{AD}", "\u{61C}", "\u{200B}", "\u{200E}",
        "\u{200F}", "\u{202A}", "\u{202E}", "\u{2028}", "\u{2066}", "\u{2069}", "\u{FEFF}", "\u{E0041}",
    ])
    func whatCannotBeSeenIsSpelled(_ character: String) throws {
        let scalar = try #require(character.unicodeScalars.first)
        let html = PageFixture.html(subject("a\(character)b"))
        #expect(!html.unicodeScalars.contains(scalar))
        let spelled = "a\\u{\(String(scalar.value, radix: 16, uppercase: true))}b"
        let text = try MarkupReader(html).text
        for field in Self.fields { #expect(text.contains(field + spelled), "\(field)") }
    }

    @Test func namesInOtherScriptsStay() throws {
        let names = "Größe-表-صفحة-👩‍🚒-e\u{301}"
        let text = try MarkupReader(PageFixture.html(subject(names))).text
        for field in Self.fields { #expect(text.contains(field + names), "\(field)") }
        var writer = HTMLWriter()
        writer.text("one\r\ntwo\n\tthree")
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "one\ntwo\n\tthree")
    }

    /// The page has no foreign text in attributes today; what is written there tomorrow must not end one.
    @Test func allFiveCharactersOfMarkupAreReferences() {
        for (text, html) in [
            ("<", "&lt;"), (">", "&gt;"), ("&", "&amp;"), ("\"", "&quot;"), ("'", "&#39;"),
            ("a\"b\u{202E}'<ü", "a&quot;b\\u{202E}&#39;&lt;ü"),
        ] {
            var writer = HTMLWriter()
            writer.text(text)
            #expect(String(decoding: writer.bytes, as: UTF8.self) == html)
        }
    }

    @Test func thePolicyAllowsExactlyTheTextsOnThePage() throws {
        let page = try MarkupReader(PageFixture.html(subject("")))
        let policy = PagePolicy.contentSecurityPolicy
        for (name, directive) in [("style", "style-src"), ("script", "script-src")] {
            let text = try #require(page.raw[name])
            var hash = SHA256()
            hash.update(Array(text.utf8))
            let base64 = Data(hash.finalize()).base64EncodedString()
            #expect(policy.contains("\(directive) 'sha256-\(base64)';"), "\(policy)")
            #expect(page.elements.filter { $0.name == name }.map(\.attributes) == [[:]])
            #expect(!text.contains("</") && !text.contains("<!--"))
        }
        #expect(policy.hasPrefix("default-src 'none'; "))
        for part in ["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
            #expect(policy.contains(part))
        }
        #expect(!policy.contains("unsafe"))
    }

    @Test func thereIsNothingInlineAndNothingFromElsewhere() throws {
        let page = try MarkupReader(PageFixture.html(subject("")))
        for element in page.elements {
            #expect(
                !element.attributes.keys.contains { $0.hasPrefix("on") || $0 == "style" || $0 == "src" },
                "\(element)"
            )
            if let target = element.attributes["href"] { #expect(["#contracts", "status.json"].contains(target)) }
        }
        let style = try #require(page.raw["style"])
        #expect(!style.contains("url(") && !style.contains("@import"))
        let script = try #require(page.raw["script"])
        for word in ["innerHTML", "document.write", "eval", "insertAdjacentHTML", "Function("] {
            #expect(!script.contains(word))
        }
    }
}
