import Glibc
import Shared

/// What outlives the server, as etcd does: the objects and the version, written before a change is answered.
struct StoreFile: Sendable {
    /// A starting server itself writes a few objects, so even the newest version is older than its cache (recording 11).
    static let versionsUsedByStart = 7

    let path: String

    /// - Throws: What is wrong with the file, or ``Shared/SystemError``.
    func load(capacity: Int) throws -> ConfigMapStore? {
        if access(path, F_OK) != 0 { return nil }
        let file = try FileDescriptor(opening: path, flags: O_RDONLY)
        guard let bytes = try readAll(file, limit: 1 << 28, subject: path) else { throw Failure.tooLarge(path) }
        let json = try JSONReader.parse(bytes)
        guard let version = json["resourceVersion"]?.int, let items = json["items"]?.array else {
            throw Failure.foreign(path)
        }
        let objects = try items.map { try ConfigMap($0, namespace: $0["metadata"]?["namespace"]?.string ?? "") }
        return ConfigMapStore(version: version + Self.versionsUsedByStart, capacity: capacity, objects: objects)
    }

    func save(_ store: ConfigMapStore) throws {
        let items = store.objects.values.sorted { $0.key < $1.key }.map { $0.json(.whole) }
        let bytes = JSONWriter.compact(["resourceVersion": .int(store.version), "items": .array(items)])
        let draft = "\(path).new"
        let file = try FileDescriptor(opening: draft, flags: O_WRONLY | O_CREAT | O_TRUNC)
        try writeAll(file.number, bytes, subject: draft)
        if rename(draft, path) != 0 { throw Failure.notRenamed(path, errno) }
    }

    enum Failure: Error, CustomStringConvertible {
        case tooLarge(String)
        case foreign(String)
        case notRenamed(String, Int32)

        var description: String {
            switch self {
            case .tooLarge(let path): "\(path) is too large for a state of ours"
            case .foreign(let path): "\(path) holds no state of ours"
            case .notRenamed(let path, let number): "\(path) cannot be replaced: errno \(number)"
            }
        }
    }
}
