import Shared
import TestSupport
import Testing

@testable import HealthServer

/// docs/metrics.md and the alerts are what people go by: they must name what the code shows.
@Suite struct MetricsDocumentTests {
    @Test func theTableSaysWhatTheCodeSays() throws {
        let page = try RepositoryFile.text("docs/metrics.md")
        let rows = page.split(separator: "\n").drop { !$0.hasPrefix("| Name | Type |") }.dropFirst(2)
            .prefix { $0.hasPrefix("|") }.map(String.init)
        let expected = MetricFamily.all.map { family in
            let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(family.shortName)` | \(family.kind.rawValue) | \(labels) | \(family.help) |"
        }
        #expect(rows == expected)
    }

    @Test func thePageNamesEveryValueOfALabel() throws {
        let page = try RepositoryFile.text("docs/metrics.md")
        let names = page.split(separator: "\n").drop { !$0.hasPrefix("| Label | Values |") }
            .prefix { $0.hasPrefix("|") }.joined()
            .split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .compactMap { $0.offset % 2 == 1 ? String($0.element) : nil }
        var counters = RequestCounters()
        for route in RouteName.allCases { counters.count(route, status: 200, took: nil) }
        let shown = try MetricsTests.parsed(Situations.situation(MetricSituation.running), counters)
        let free: Set<String> = ["consumer", "provider", "version", "code", "le"]
        var missing: Set<String> = []
        for label in shown.families.flatMap(\.samples).flatMap(\.labels) where !free.contains(label.name) {
            if !names.contains(label.value) { missing.insert("\(label.name)=\(label.value)") }
        }
        #expect(missing.isEmpty, "\(missing)")
    }

    @Test(arguments: ["deploy/monitoring/alerts.yaml", "deploy/monitoring/tests.yaml", "docs/metrics.md", "README.md"])
    func whatIsNamedElsewhereExists(_ file: String) throws {
        let known = Set(MetricFamily.all.map(\.name))
        let text = try RepositoryFile.text(file)
        let isNamePart = { (character: Character) in character.isASCII && character.isLetter || character == "_" }
        var rest = text[...]
        while let start = rest.firstRange(of: MetricFamily.prefix)?.lowerBound {
            let name = String(rest[start...].prefix(while: isNamePart))
            #expect(known.contains(name) || name == MetricFamily.prefix, "\(file): \(name)")
            rest = rest[start...].dropFirst(name.count)
        }
    }
}
