/// A set of small numbers, a bit each: looking for the next one costs a 64th of a step per number that is passed over.
struct PositionSet: Equatable, Sendable {
    private var words: [UInt64]

    /// - Parameter count: All numbers are smaller.
    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    func contains(_ position: Int) -> Bool { words[position >> 6] & PositionSet.bit(position) != 0 }

    mutating func insert(_ position: Int) { words[position >> 6] |= PositionSet.bit(position) }

    mutating func remove(_ position: Int) { words[position >> 6] &= ~PositionSet.bit(position) }

    /// The smallest member that is at least `position`.
    func first(from position: Int) -> Int? {
        var index = position >> 6
        guard index < words.count else { return nil }
        var word = words[index] & ~(PositionSet.bit(position) - 1)
        while word == 0 {
            index += 1
            guard index < words.count else { return nil }
            word = words[index]
        }
        return index << 6 + word.trailingZeroBitCount
    }

    private static func bit(_ position: Int) -> UInt64 { 1 << UInt64(position & 63) }
}
