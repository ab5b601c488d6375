import FoundationEssentials
import Shared
import Testing

@Suite struct HistogramTests {
    @Test func aBoundBelongsToItsBucket() {
        var histogram = Histogram(bounds: [10, 20])
        for microseconds in [0, 10, 11, 20, 21, 1_000_000] { histogram.observe(.microseconds(microseconds)) }
        #expect(histogram.counts == [2, 2, 2])
        #expect(histogram.sum == 1_000_062)
        #expect(histogram.count == 6)
    }

    @Test func timesThatWentBackwardsAreZero() {
        var histogram = Histogram(bounds: [10])
        histogram.observe(.seconds(-5))
        #expect(histogram.counts == [1, 0] && histogram.sum == 0)
    }

    @Test(arguments: [
        #"{"bounds": [10], "counts": [1, 9223372036854775807], "sum": 1}"#,
        #"{"bounds": [10], "counts": [1, -2], "sum": 1}"#, #"{"bounds": [10], "counts": [1, 2, 3], "sum": 1}"#,
        #"{"bounds": [10], "counts": [1, 2], "sum": -1}"#,
    ])
    func whatNobodyCanHaveCountedIsEmpty(_ text: String) throws {
        let histogram = try JSONDecoder().decode(Histogram.self, from: Data(text.utf8))
        #expect(histogram == Histogram(bounds: [10]))
        #expect(histogram.count == 0)
    }

    @Test func itIsCarriedOverWithTheSameBucketsOnly() throws {
        var histogram = Histogram(bounds: [10, 20])
        histogram.observe(.microseconds(15))
        #expect(Histogram.carriedOver(histogram, bounds: [10, 20]) == histogram)
        #expect(Histogram.carriedOver(histogram, bounds: [10, 30]) == Histogram(bounds: [10, 30]))
        #expect(Histogram.carriedOver(nil, bounds: [10]) == Histogram(bounds: [10]))
        let damaged = try JSONDecoder()
            .decode(Histogram.self, from: Data(#"{"bounds":[10,20],"counts":[1],"sum":3}"#.utf8))
        #expect(Histogram.carriedOver(damaged, bounds: [10, 20]) == Histogram(bounds: [10, 20]))
    }

    @Test(arguments: [
        HistogramBounds.brokerProbe, HistogramBounds.publish, HistogramBounds.changeToPublished,
        HistogramBounds.httpRequest, HistogramBounds.wait,
    ])
    func everyListOfBoundsAscends(_ bounds: [Int]) {
        #expect(bounds.count > 5 && zip(bounds, bounds.dropFirst()).allSatisfy(<) && bounds[0] > 0)
    }
}
