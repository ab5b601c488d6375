import Glibc
import Shared
import Testing

@testable import HealthServer

/// What a screen reader, a keyboard and weak eyes need.
@Suite struct PageAccessTests {
    private func page() throws -> MarkupReader {
        try MarkupReader(PageFixture.html(PageFixture.subject(PageFixture.sections())))
    }

    @Test func thereAreALanguageLandmarksAndOneMainHeading() throws {
        let elements = try page().elements
        #expect(elements.first { $0.name == "html" }?.attributes["lang"] == "en")
        for name in ["h1", "main", "header", "footer", "title"] {
            #expect(elements.filter { $0.name == name }.count == 1, "\(name)")
        }
        #expect(elements.contains { $0.attributes["aria-live"] == "polite" })
        #expect(elements.contains { $0.name == "a" && $0.attributes["href"] == "#contracts" })
        let ids = elements.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
        // Every section is named by a heading that is there.
        for section in elements where section.name == "section" {
            let label = try #require(section.attributes["aria-labelledby"])
            #expect(ids.contains(label))
        }
    }

    @Test func tablesHaveCaptionsScopesAndRegionsThatTakeTheFocus() throws {
        let elements = try page().elements
        let tables = elements.filter { $0.name == "table" }.count
        #expect(tables == 6)
        #expect(elements.filter { $0.name == "caption" }.count == tables)
        for header in elements where header.name == "th" {
            #expect(["col", "row"].contains(header.attributes["scope"]))
        }
        let regions = elements.filter { $0.attributes["class"] == "scroll" }
        #expect(regions.count == tables)
        for region in regions {
            #expect(region.attributes["tabindex"] == "0" && region.attributes["role"] == "region")
            #expect(elements.contains { $0.attributes["id"] == region.attributes["aria-labelledby"] })
        }
    }

    @Test func statesAreWordsNotOnlyColours() throws {
        for state in PairState.allCases {
            var writer = HTMLWriter()
            writer.state(state.rawValue, mark: state.mark, kind: state.kind)
            let html = String(decoding: writer.bytes, as: UTF8.self)
            #expect(html.contains("<span aria-hidden=\"true\">"))
            #expect(html.contains(" \(state.rawValue)</span>"))
        }
        #expect(Set(PairState.allCases.map { "\($0.mark)" }).count == PairState.allCases.count)
        #expect(Set(PairState.allCases) == Set(PairState.byUrgency))
    }

    /// WCAG 2.2, 1.4.3, with its definition of relative luminance.
    @Test(arguments: PagePalette.pairs.map { "\($0.text) \($0.panel)" })
    func everyTextHasEnoughContrast(_ pair: String) throws {
        let names = pair.split(separator: " ").map(String.init)
        let text = try #require(PagePalette.colours.first { $0.name == names[0] })
        let panel = try #require(PagePalette.colours.first { $0.name == names[1] })
        #expect(try contrast(text.light, panel.light) >= 4.5, "\(pair), light")
        #expect(try contrast(text.dark, panel.dark) >= 4.5, "\(pair), dark")
    }

    @Test func aContrastIsWhatTheStandardSays() throws {
        #expect(try contrast("000000", "ffffff") == 21)
        #expect(try (contrast("777777", "ffffff") * 100).rounded() / 100 == 4.48)
    }

    @Test func theStyleUsesNoOtherColours() throws {
        let rules = try #require(page().raw["style"]).split(separator: "\n").filter { !$0.contains(":root{") }
        for rule in rules {
            #expect(!rule.contains(":#"), "\(rule)")
            for word in ["color:", "background:"] {
                for value in values(of: word, in: rule) { #expect(value.hasPrefix("var(--"), "\(rule)") }
            }
        }
    }

    private func values(of property: String, in rule: Substring) -> [Substring] {
        var values: [Substring] = []
        var rest = rule
        while !rest.isEmpty {
            if rest.hasPrefix(property) {
                values.append(rest.dropFirst(property.count).prefix { $0 != ";" && $0 != "}" })
            }
            rest = rest.dropFirst()
        }
        return values
    }

    private func contrast(_ first: String, _ second: String) throws -> Double {
        let luminances = [try luminance(first), try luminance(second)].sorted()
        return (luminances[1] + 0.05) / (luminances[0] + 0.05)
    }

    private func luminance(_ colour: String) throws -> Double {
        let number = try #require(UInt32(colour, radix: 16))
        let parts = [number >> 16 & 255, number >> 8 & 255, number & 255].map { Double($0) / 255 }
        let linear = parts.map { $0 <= 0.04045 ? $0 / 12.92 : pow(($0 + 0.055) / 1.055, 2.4) }
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
}
