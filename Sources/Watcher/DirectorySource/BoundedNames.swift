/// The smallest names of a directory by their bytes, however many it holds: reading a directory of millions of files
/// takes bounded memory and gives the same answer each time.
struct BoundedNames {
    private let limit: Int
    private var names: [[UInt8]] = []
    private(set) var count = 0

    init(limit: Int) {
        self.limit = limit
    }

    mutating func insert(_ name: [UInt8]) {
        count += 1
        names.append(name)
        // Sorting once per `limit` insertions keeps the cost at O(log n) a name.
        if names.count >= 2 * limit + 16 { shrink() }
    }

    /// The names kept, ordered by bytes.
    mutating func sorted() -> [[UInt8]] {
        shrink()
        return names
    }

    private mutating func shrink() {
        names.sort { $0.lexicographicallyPrecedes($1) }
        if names.count > limit { names.removeLast(names.count - limit) }
    }
}
