import TestSupport
import Testing

/// The parser that the metrics' tests rely on refuses what is no page.
@Suite struct PrometheusTextTests {
    private static let good = """
        # HELP a_total One.
        # TYPE a_total counter
        a_total{x="1",y="\\\\ \\" \\n é"} 1
        a_total{x="2",y=""} 2.5
        # HELP h Two.
        # TYPE h histogram
        h_bucket{le="0.1"} 1
        h_bucket{le="+Inf"} 3
        h_sum 4
        h_count 3
        # HELP g Nothing known.
        # TYPE g gauge

        """

    @Test func aGoodPageIsReadAsItIs() throws {
        let page = try PrometheusText(Self.good)
        #expect(page.families.map(\.name) == ["a_total", "h", "g"])
        #expect(page["a_total"]?.samples.first?["y"] == "\\ \" \n é")
        #expect(page.value("a_total", ["x": "2", "y": ""]) == 2.5)
        #expect(page.value("h_bucket", ["le": "+Inf"]) == 3)
        #expect(page.value("h_count") == 3 && page.value("g") == nil)
    }

    /// What is replaced by what in the good page.
    static let faults: [(String, String)] = [
        ("# HELP a_total One.\n", ""),
        ("# TYPE a_total counter\n", ""),
        ("# TYPE a_total counter\n", "# TYPE a_total counter\n# TYPE a_total counter\n"),
        ("# TYPE a_total counter", "# TYPE b_total counter"),
        ("# TYPE a_total counter", "# TYPE a_total number"),
        ("x=\"2\",y=\"\"", "x=\"1\",y=\"\\\\ \\\" \\n é\""),
        ("a_total{x=\"2\"", "b_total{x=\"2\""),
        ("{x=\"2\"", "{x=2"),
        ("{x=\"2\"", "{x=\"\"2\""),
        ("{x=\"2\"", "{x=\"\\t\""),
        ("{x=\"2\"", "{y=\"2\""),
        ("{x=\"2\"", "{2x=\"2\""),
        ("} 2.5", "}  2.5"),
        ("} 2.5", "} -2.5"),
        ("} 2.5", "} two"),
        ("} 2.5", "} 2.5 "),
        ("} 2.5", "} 2.5\r"),
        ("a_total{x=\"2\"", "\na_total{x=\"2\""),
        ("h_bucket{le=\"+Inf\"} 3", "h_bucket{le=\"+Inf\"} 0"),
        ("h_bucket{le=\"+Inf\"} 3\n", ""),
        ("h_bucket{le=\"0.1\"}", "h_bucket{le=\"none\"}"),
        ("h_sum 4\n", ""),
        ("h_count 3", "h_count 4"),
        ("# HELP g", "# HELP a_total One.\n# TYPE a_total counter\n# HELP g"),
        ("# TYPE g gauge\n", "# TYPE g gauge"),
        ("# TYPE g gauge\n", ""),
    ]

    @Test(arguments: faults)
    func aBrokenPageIsRefused(_ old: String, _ new: String) throws {
        try #require(Self.good.contains(old))
        let page = Self.good.replacing(old, with: new, maxReplacements: 1)
        #expect(throws: PrometheusText.Malformed.self, "\(old) → \(new)") { try PrometheusText(page) }
    }
}
