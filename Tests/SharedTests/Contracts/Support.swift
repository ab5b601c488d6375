internal import FoundationEssentials
internal import Glibc
import Shared

/// Files of the repository, found from where this file was compiled.
enum Repository {
    /// The root, ending in `/`.
    static let root = String(#filePath.dropLast("Tests/SharedTests/Contracts/Support.swift".count))

    /// The bytes of a file under the root.
    static func bytes(_ path: String) throws -> [UInt8] { try file(root + path) }

    /// The lines of a file under the root that are neither empty nor comments, split at tabs.
    static func table(_ path: String) throws -> [[String]] {
        try String(decoding: bytes(path), as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }

    static func file(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: path))) }
}

/// The other people's contracts that `PACT_CORPUS` names; they are not part of the repository.
enum Corpus {
    /// The directory, ending in `/`, or `nil`, which is said once however many tests ask.
    static let directory: String? = {
        guard let value = getenv("PACT_CORPUS") else {
            print("skipped: PACT_CORPUS does not name a directory of contracts")
            return nil
        }
        let path = String(cString: value)
        return path.hasSuffix("/") ? path : path + "/"
    }()

    static func files(in directory: String) throws -> [(key: String, bytes: [UInt8])] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            .map { ($0, try Repository.file(directory + $0)) }
    }
}

/// A small generator with a seed (SplitMix64), so that a failing case can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

extension JSONValue {
    /// Parses a literal of a test.
    init(parsing text: String) throws {
        self = try JSONReader.parse(Array(text.utf8), options: JSONReader.Options(allowsComments: true))
    }

    var compactText: String { String(decoding: JSONWriter.compact(self), as: UTF8.self) }
}
