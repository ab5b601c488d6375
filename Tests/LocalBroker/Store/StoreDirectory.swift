import FoundationEssentials
import Glibc
import Shared

/// A store on disk: `broker.json` with everything but the contents, and one file per content in `contents`.
///
/// Each file is written beside its place and renamed into it, so that a broker killed at any moment leaves the old or
/// the new one. Contents are written before the index that names them and never changed. `lock` belongs to the broker
/// that uses the directory.
final class StoreDirectory {
    /// What is wrong with the directory.
    enum Failure: Error, CustomStringConvertible {
        /// Another broker has it.
        case inUse(path: String)
        /// A file is not one of ours.
        case unreadable(path: String, reason: String)

        var description: String {
            switch self {
            case .inUse(let path): "\(path) is in use by another local-broker; give each its own --directory"
            case .unreadable(let path, let reason):
                "\(path) cannot be read (\(reason)); remove it or choose another --directory"
            }
        }
    }

    private struct Index: Codable {
        struct Entry: Codable {
            var key: PairKey
            var pair: Pair
            var shas: [String]
        }
        var format = 1
        var pacticipants: [Pacticipant]
        var pairs: [Entry]
    }

    private let path: String
    private let lock: Int32

    /// Makes the directory if it is not there and takes it.
    init(_ path: String) throws {
        self.path = path
        for directory in [path, "\(path)/contents"] where mkdir(directory, 0o755) != 0 && errno != EEXIST {
            throw SystemError(call: "mkdir", number: errno, subject: directory)
        }
        let descriptor = try FileDescriptor(opening: "\(path)/lock", flags: O_RDWR | O_CREAT)
        guard flock(descriptor.number, LOCK_EX | LOCK_NB) == 0 else { throw Failure.inUse(path: path) }
        lock = descriptor.release()
    }

    deinit { close(lock) }

    /// The store as it was saved last; an empty one for a new directory.
    func load() throws -> BrokerStore {
        let file = "\(path)/broker.json"
        guard access(file, F_OK) == 0 else { return BrokerStore() }
        let index: Index
        do {
            index = try JSONDecoder().decode(Index.self, from: Data(try read(file)))
        } catch let error as DecodingError {
            throw Failure.unreadable(path: file, reason: "\(error)")
        }
        var contents: [BrokerStore.ContentKey: [UInt8]] = [:]
        var pairs: [PairKey: Pair] = [:]
        for entry in index.pairs {
            if !entry.pair.publications.isEmpty { pairs[entry.key] = entry.pair }
            for sha in entry.shas {
                let key = BrokerStore.ContentKey(pair: entry.key, sha: sha)
                contents[key] = try read(contentPath(key))
            }
        }
        return BrokerStore(pacticipants: index.pacticipants, pairs: pairs, contents: contents)
    }

    /// Writes what `store` has more than `old`.
    func save(_ store: BrokerStore, replacing old: BrokerStore) throws {
        for (key, content) in store.contents where old.contents[key] == nil {
            try write(content, to: contentPath(key))
        }
        var shas: [PairKey: [String]] = [:]
        for key in store.contents.keys { shas[key.pair, default: []].append(key.sha) }
        for key in store.pairs.keys where shas[key] == nil { shas[key] = [] }
        let entries = shas.keys.sorted()
            .map { key in
                Index.Entry(key: key, pair: store.pairs[key] ?? Pair(), shas: (shas[key] ?? []).sorted())
            }
        let index = Index(pacticipants: store.pacticipants.values.sorted { $0.order < $1.order }, pairs: entries)
        try write(Array(try JSONEncoder().encode(index)), to: "\(path)/broker.json")
        for key in old.contents.keys where store.contents[key] == nil { unlink(contentPath(key)) }
    }

    /// Names may hold anything, so the file's name is a hash of them.
    private func contentPath(_ key: BrokerStore.ContentKey) -> String {
        let name = [key.pair.consumer, key.pair.provider, key.sha].joined(separator: "\0")
        return "\(path)/contents/\(ContentHash.sha256Hex(name)).json"
    }

    private func read(_ file: String) throws -> [UInt8] {
        let descriptor = try FileDescriptor(opening: file, flags: O_RDONLY)
        guard let bytes = try readAll(descriptor, limit: 1 << 30, subject: file) else {
            throw Failure.unreadable(path: file, reason: "more than 1 GiB")
        }
        return bytes
    }

    private func write(_ bytes: [UInt8], to file: String) throws {
        let temporary = "\(file).new"
        let descriptor = try FileDescriptor(opening: temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try writeAll(descriptor.number, bytes, subject: temporary)
        guard rename(temporary, file) == 0 else {
            throw SystemError(call: "rename", number: errno, subject: temporary)
        }
    }
}
