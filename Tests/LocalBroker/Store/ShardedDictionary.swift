/// A dictionary whose copies cost little to change: a change copies one of many small parts, not everything. Each request
/// works on a copy of the store.
struct ShardedDictionary<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var shards = [[Key: Value]](repeating: [:], count: 256)

    subscript(key: Key) -> Value? {
        get { shards[Self.shard(of: key)][key] }
        _modify { yield &shards[Self.shard(of: key)][key] }
    }

    subscript(key: Key, default value: @autoclosure () -> Value) -> Value {
        get { self[key] ?? value() }
        _modify { yield &shards[Self.shard(of: key)][key, default: value()] }
    }

    var keys: some Sequence<Key> { lazy.map(\.key) }
    var values: some Sequence<Value> { lazy.map(\.value) }

    mutating func removeAll(where isRemoved: (Key) -> Bool) {
        for index in shards.indices where shards[index].contains(where: { isRemoved($0.key) }) {
            shards[index] = shards[index].filter { !isRemoved($0.key) }
        }
    }

    private static func shard(of key: Key) -> Int { Int(UInt(bitPattern: key.hashValue) >> 7 & 255) }
}

extension ShardedDictionary: Sequence {
    func makeIterator() -> some IteratorProtocol<(key: Key, value: Value)> { shards.lazy.joined().makeIterator() }
}
