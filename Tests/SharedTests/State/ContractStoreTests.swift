import Glibc
import Testing

@testable import Shared

@Suite struct ContractStoreTests {
    let scratch: ScratchDirectory
    let store: ContractStore
    static let one = String(repeating: "1a", count: 32)
    static let two = String(repeating: "2b", count: 32)

    init() throws {
        scratch = try ScratchDirectory()
        store = ContractStore(directory: try scratch.state)
    }

    private var names: [String] { DirectoryListing.names(in: scratch.path + "/contracts") }

    @Test func whatIsStoredIsLoadedAndWhatIsNotThereIsSuperseded() throws {
        #expect(try store.load(Self.one, limit: 100) == nil)
        try store.store(Array("{}".utf8), sha256: Self.one)
        #expect(try store.load(Self.one, limit: 100) == Array("{}".utf8))
        #expect(try store.load(Self.two, limit: 100) == nil)
        #expect(names == [Self.one + ".json"])
        #expect(FileIdentity.status(of: scratch.path + "/contracts").map { $0.st_mode & 0o777 } == 0o700)
    }

    @Test func storingAgainWritesNothingUnlessTheSizeIsWrong() throws {
        let path = "contracts/" + Self.one + ".json"
        try store.store(Array("abcd".utf8), sha256: Self.one)
        let before = try #require(FileIdentity.status(of: scratch.path + "/" + path))
        try store.store(Array("abcd".utf8), sha256: Self.one)
        #expect(FileIdentity.status(of: scratch.path + "/" + path).map(FileIdentity.init) == FileIdentity(before))
        try #require(truncate(scratch.path + "/" + path, 2) == 0)
        try store.store(Array("abcd".utf8), sha256: Self.one)
        #expect(try store.load(Self.one, limit: 100) == Array("abcd".utf8))
    }

    @Test func storingAgainComparesWhenAskedTo() throws {
        try store.store(Array("zzzz".utf8), sha256: Self.one)
        try store.store(Array("abcd".utf8), sha256: Self.one)
        #expect(try store.load(Self.one, limit: 100) == Array("zzzz".utf8))
        try store.store(Array("abcd".utf8), sha256: Self.one, comparing: true)
        #expect(try store.load(Self.one, limit: 100) == Array("abcd".utf8))
        #expect(store.holds(Self.one, count: 4) && !store.holds(Self.one, count: 5))
    }

    @Test func aContractBeyondTheLimitOrWithAnotherHashIsRefused() throws {
        try store.store(Array("abcd".utf8), sha256: Self.one)
        #expect(throws: StateError.self) { try store.load(Self.one, limit: 3) }
        #expect(throws: StateError.self) { try store.load(Self.one, limit: 9) { _ in Self.two } }
        #expect(try store.load(Self.one, limit: 9) { _ in Self.one } != nil)
    }

    @Test(arguments: [
        "", "../../etc/passwd", "1A", String(repeating: "A", count: 64), String(repeating: "1", count: 65),
    ])
    func aNameThatIsNoHashNeverBecomesAPath(_ name: String) {
        #expect(throws: StateError.self) { try store.store([], sha256: name) }
        #expect(throws: StateError.self) { try store.load(name, limit: 1) }
    }

    @Test func onlyNamedContractsAreKept() throws {
        try store.store([1], sha256: Self.one)
        try store.store([2], sha256: Self.two)
        try scratch.overwrite([3], "contracts/.new-12")
        try scratch.overwrite([3], "contracts/notes.txt")
        store.removeAll(except: [Self.two])
        #expect(names == [Self.two + ".json", "notes.txt"])
    }

    @Test func aDeletedDirectoryIsMadeAgain() throws {
        try store.store([1], sha256: Self.one)
        #expect(run(["rm", "-rf", scratch.path]) == 0)
        try store.store([1], sha256: Self.one)
        #expect(try store.load(Self.one, limit: 9) == [1])
    }
}
