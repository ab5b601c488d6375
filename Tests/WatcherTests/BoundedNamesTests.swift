import Testing

@testable import Watcher

@Suite("Names of a directory are kept in bounded memory")
struct BoundedNamesTests {
    @Test("The smallest names are kept, in order, whatever order they come in")
    func smallest() {
        for seed in 0..<20 {
            var names = BoundedNames(limit: 7)
            for index in 0..<500 { names.insert([UInt8((index * 37 + seed) % 251), UInt8(index % 256)]) }
            let all = (0..<500).map { [UInt8(($0 * 37 + seed) % 251), UInt8($0 % 256)] }
                .sorted { $0.lexicographicallyPrecedes($1) }
            #expect(names.sorted() == Array(all.prefix(7)))
            #expect(names.count == 500)
        }
    }
}
