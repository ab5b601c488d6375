import TestSupport
import Testing

@testable import Supervisor

/// The container's memory limit, read from a made-up `/proc` and `/sys`.
@Suite struct ControlGroupMemoryTests {
    /// What the files hold, and the limit that follows.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Of `/proc/self/cgroup`; `nil`: there is none.
        let membership: String?
        /// By their path under `/sys/fs/cgroup`.
        var files: [String: String] = [:]
        let limit: UInt64?

        init(_ description: String, _ membership: String?, _ files: [String: String] = [:], limit: UInt64?) {
            testDescription = description
            self.membership = membership
            self.files = files
            self.limit = limit
        }
    }

    /// What version 1 writes for "no limit": 2⁶³ − 1 rounded down to a page of 4 KiB, and of 64 KiB.
    static let none4K = "9223372036854771712\n"
    static let none64K = "9223372036854710272\n"
    static let pod = "0::/kubepods.slice/pod1/container\n"

    static let version2: [Row] = [
        Row(
            "the least of all levels wins: the leaf's",
            pod,
            [
                "memory.max": "max\n", "kubepods.slice/memory.max": "4294967296\n",
                "kubepods.slice/pod1/memory.max": "1073741824\n",
                "kubepods.slice/pod1/container/memory.max": "268435456\n",
            ],
            limit: 268_435_456
        ),
        Row(
            "the least of all levels wins: one in the middle",
            pod,
            [
                "memory.max": "8589934592\n", "kubepods.slice/memory.max": "max\n",
                "kubepods.slice/pod1/memory.max": "134217728\n",
                "kubepods.slice/pod1/container/memory.max": "268435456\n",
            ],
            limit: 134_217_728
        ),
        Row(
            "max below, a number above",
            pod,
            ["kubepods.slice/memory.max": "536870912\n", "kubepods.slice/pod1/container/memory.max": "max\n"],
            limit: 536_870_912
        ),
        Row("max everywhere", "0::/a\n", ["memory.max": "max\n", "a/memory.max": "max\n"], limit: nil),
        Row("another group's limit is none of ours", "0::/a\n", ["b/memory.max": "1000\n"], limit: nil),
        Row("a namespace of its own: /", "0::/\n", ["memory.max": "209715200\n"], limit: 209_715_200),
        Row(
            "a namespace above which we are: /../.., and nothing outside of the mount is read",
            "0::/../..\n",
            ["memory.max": "100000000\n", "../memory.max": "1000\n", "../../memory.max": "1000\n"],
            limit: 100_000_000
        ),
        Row(
            "the host's path does not exist under the mount: its root counts",
            "0::/../../system.slice/docker-0123.scope\n",
            ["memory.max": "100000000\n"],
            limit: 100_000_000
        ),
        Row("a path with colons", "0::/a:b:c\n", ["a:b:c/memory.max": "7000000\n"], limit: 7_000_000),
        Row("no newline at the end", "0::/", ["memory.max": "100000000"], limit: 100_000_000),
    ]

    static let version1: [Row] = [
        Row(
            "version 1, the leaf's limit",
            "11:cpu,cpuacct:/docker/x\n9:memory:/docker/x\n",
            [
                "memory/memory.limit_in_bytes": none4K, "memory/docker/memory.limit_in_bytes": none64K,
                "memory/docker/x/memory.limit_in_bytes": "134217728\n",
            ],
            limit: 134_217_728
        ),
        Row(
            "version 1 without a limit",
            "9:memory:/docker/x\n",
            ["memory/memory.limit_in_bytes": none4K, "memory/docker/x/memory.limit_in_bytes": none64K],
            limit: nil
        ),
        Row(
            "memory among other controllers of a hierarchy",
            "4:cpuset,memory:/x\n",
            ["memory/x/memory.limit_in_bytes": "50000000\n"],
            limit: 50_000_000
        ),
        Row("no memory controller", "4:cpuset:/x\n", ["memory/x/memory.limit_in_bytes": "50000000\n"], limit: nil),
        Row(
            "in a container the host's path is absent",
            "9:memory:/kubepods/pod1/c\n",
            ["memory/memory.limit_in_bytes": "50000000\n"],
            limit: 50_000_000
        ),
        Row(
            "hybrid: the memory controller is version 1, version 2 has none",
            "9:memory:/x\n0::/x\n",
            ["memory/x/memory.limit_in_bytes": "60000000\n", "x/cgroup.procs": "1\n"],
            limit: 60_000_000
        ),
    ]

    static let broken: [Row] = [
        Row("no /proc", nil, ["memory.max": "100000000\n"], limit: nil),
        Row("an empty membership", "", ["memory.max": "100000000\n"], limit: nil),
        Row("a membership that is none", "\n:\n0:\nmemory\n::::\n", ["memory.max": "100000000\n"], limit: nil),
        Row("no files", pod, limit: nil),
        Row("an empty file", "0::/\n", ["memory.max": ""], limit: nil),
    ]

    /// Neither is a limit, and none hides the one above it.
    static let garbage: [Row] = [
        "12 monkeys\n", "max1\n", "-1\n", "1e9\n", "0x1000\n", "1 2\n", "99999999999999999999999\n", "\0\0",
    ]
    .map {
        Row(
            "garbage \($0.debugDescription)",
            "0::/a\n",
            ["a/memory.max": $0, "memory.max": "100000000\n"],
            limit: 100_000_000
        )
    }

    @Test(arguments: version2 + version1 + broken + garbage) func findsTheLeastLimit(row: Row) throws {
        let root = try TemporaryDirectory()
        if let membership = row.membership { try root.write("proc/self/cgroup", membership) }
        for (path, text) in row.files { try root.write("sys/fs/cgroup/\(path)", text) }
        #expect(ControlGroupMemory.limit(root: root.path) == row.limit)
    }
}
