import Shared
import Testing

@testable import Publisher

@Suite struct PositionQueueTests {
    @Test(arguments: 0..<20)
    func `after any changes the lowest rank comes first, and among equals the lowest number`(seed: Int) {
        var random = JitterSource(seed: UInt64(seed))
        var queue = PositionQueue<Int>(count: 40)
        var expected: [Int: Int] = [:]
        for _ in 0..<500 {
            let position = Int(random.next() * 40)
            let rank = random.next() < 0.3 ? nil : Int(random.next() * 10)
            queue.set(position, rank)
            expected[position] = rank
            let first = expected.min { ($0.value, $0.key) < ($1.value, $1.key) }
            #expect(queue.first?.position == first?.key)
            #expect(queue.first?.rank == first?.value)
        }
        var left: [Int] = []
        while let next = queue.first {
            left.append(next.position)
            queue.set(next.position, nil)
        }
        #expect(left == expected.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key))
    }
}
