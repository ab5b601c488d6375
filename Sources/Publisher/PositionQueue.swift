/// Small numbers with a rank each: the lowest rank comes first, among equals the lowest number.
///
/// A binary heap that knows where each number is: each change costs the logarithm of how many there are.
struct PositionQueue<Rank: Comparable & Sendable>: Sendable {
    private var heap: [Entry] = []
    /// By position: its place in `heap`, or -1.
    private var places: [Int32]

    struct Entry: Sendable {
        var rank: Rank
        var position: Int

        fileprivate func precedes(_ other: Entry) -> Bool {
            rank == other.rank ? position < other.position : rank < other.rank
        }
    }

    /// - Parameter count: All numbers are smaller.
    init(count: Int) { places = Array(repeating: -1, count: count) }

    var first: Entry? { heap.first }

    /// Gives `position` another rank; `nil` takes it out.
    mutating func set(_ position: Int, _ rank: Rank?) {
        var place = Int(places[position])
        guard let rank else {
            if place >= 0 { remove(at: place) }
            return
        }
        if place < 0 {
            place = heap.count
            heap.append(Entry(rank: rank, position: position))
            places[position] = Int32(place)
        } else {
            heap[place].rank = rank
        }
        settle(place)
    }

    private mutating func remove(at place: Int) {
        let last = heap.count - 1
        if place != last { swap(place, last) }
        places[heap.removeLast().position] = -1
        if place != last { settle(place) }
    }

    /// Puts one entry where it belongs among the others.
    private mutating func settle(_ start: Int) {
        var place = start
        while place > 0, heap[place].precedes(heap[(place - 1) / 2]) {
            swap(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
        while let child = firstChild(of: place), heap[child].precedes(heap[place]) {
            swap(place, child)
            place = child
        }
    }

    private func firstChild(of place: Int) -> Int? {
        let left = 2 * place + 1
        guard left < heap.count else { return nil }
        return left + 1 < heap.count && heap[left + 1].precedes(heap[left]) ? left + 1 : left
    }

    private mutating func swap(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        places[heap[one].position] = Int32(one)
        places[heap[other].position] = Int32(other)
    }
}
