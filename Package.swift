// swift-tools-version:6.2
import PackageDescription

/// Strict settings for every Swift target: Swift 6 language mode and the upcoming features that make a missing
/// import, an implicit existential or a leaked dependency a compile error.
///
/// CI sets WARNINGS_AS_ERRORS; at a desk, or with a newer compiler that knows more warnings, the build goes on.
var strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
if Context.environment["WARNINGS_AS_ERRORS"] != nil {
    strict.append(.treatAllWarnings(as: .error))
}

/// The supervisor's decisions and their simulation are optimised in debug builds too: hundreds of thousands of histories
/// then take seconds instead of minutes.
let optimized: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
    name: "pact-mocks-manager",
    products: [
        .executable(name: "manager", targets: ["Supervisor"]),
        .executable(name: "watcher", targets: ["Watcher"]),
        .executable(name: "publisher", targets: ["Publisher"]),
        .executable(name: "health-server", targets: ["HealthServer"]),
        .executable(name: "wait-for-contract", targets: ["Gate"]),
        .executable(name: "local-broker", targets: ["LocalBroker"]),
        .executable(name: "local-kubernetes", targets: ["LocalKubernetes"]),
        // For `make check`, which builds it with the thread sanitizer.
        .executable(name: "state-race", targets: ["StateRace"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
    ],
    targets: [
        // Shared code. The two C targets hold what `import Glibc` lacks and libcurl's variadic calls.
        .target(
            name: "CLinux",
            path: "Sources/Shared/CLinux",
            cSettings: [.unsafeFlags(["-Wall", "-Wextra"])]
        ),
        .systemLibrary(
            name: "CCurl",
            path: "Sources/Shared/CCurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]
        ),
        .target(
            name: "Shared",
            dependencies: ["CLinux", .product(name: "Logging", package: "swift-log")],
            path: "Sources/Shared",
            exclude: ["CLinux", "CCurl", "HTTP", "CommandLine"],
            swiftSettings: strict
        ),
        .target(
            name: "SharedHTTP",
            dependencies: ["Shared", "CCurl", "CLinux"],
            path: "Sources/Shared/HTTP",
            swiftSettings: strict
        ),
        .target(
            name: "SharedCommandLine",
            dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Sources/Shared/CommandLine",
            swiftSettings: strict
        ),

        // One executable per process.
        .executableTarget(
            name: "Supervisor",
            dependencies: [
                "Shared", "SharedCommandLine", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict + optimized
        ),
        .executableTarget(
            name: "Watcher",
            dependencies: [
                "Shared", "SharedHTTP", "SharedCommandLine", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "Publisher",
            dependencies: [
                "Shared", "SharedHTTP", "SharedCommandLine", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "HealthServer",
            dependencies: [
                "Shared", "SharedCommandLine", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        // What the gate does before the Swift runtime starts, and at the very end.
        .target(
            name: "CGate",
            path: "Sources/Gate/CGate",
            cSettings: [.unsafeFlags(["-Wall", "-Wextra"])]
        ),
        .executableTarget(
            name: "Gate",
            dependencies: [
                "Shared", "SharedCommandLine", "CGate",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            exclude: ["CGate"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "LocalBroker",
            dependencies: [
                "Shared",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Tests/LocalBroker",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "LocalKubernetes",
            dependencies: [
                "Shared",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Tests/LocalKubernetes",
            swiftSettings: strict
        ),

        // Tests.
        .target(
            name: "TestSupport",
            dependencies: ["Shared", "CLinux"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        // fork and ptrace, which Swift does not import.
        .target(
            name: "CTestSupport",
            path: "Tests/CTestSupport",
            cSettings: [.unsafeFlags(["-Wall", "-Wextra"])]
        ),
        // A process for the state file's tests to kill, and to run as another user or in another mount namespace; what a
        // test wants to know of a process that does nothing else is asked here too.
        .executableTarget(
            name: "StateExerciser",
            dependencies: ["Shared", "TestSupport", "CTestSupport"],
            path: "Tests/StateExerciser",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "StateRace",
            dependencies: ["Shared", "TestSupport"],
            path: "Tests/StateRace",
            swiftSettings: strict
        ),
        .testTarget(
            name: "SharedTests",
            dependencies: ["Shared", "CLinux", "TestSupport", "StateExerciser", "StateRace"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SupervisorTests",
            dependencies: ["Supervisor", "Shared", "CLinux", "TestSupport"],
            swiftSettings: strict + optimized
        ),
        .testTarget(
            name: "WatcherTests",
            dependencies: ["Watcher", "Shared", "SharedHTTP", "CLinux", "TestSupport", "LocalKubernetes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "PublisherTests",
            dependencies: [
                "Publisher", "Shared", "SharedHTTP", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HealthServerTests",
            dependencies: [
                "HealthServer", "Shared", "CLinux", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GateTests",
            dependencies: [
                "Gate", "CGate", "Shared", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "LocalBrokerTests",
            dependencies: ["LocalBroker", "Shared", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "LocalKubernetesTests",
            dependencies: ["LocalKubernetes", "Shared", "TestSupport"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "WorkerDouble",
            dependencies: ["Shared", "CLinux"],
            path: "Tests/WorkerDouble",
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Shared", "CLinux", "TestSupport",
                "Supervisor", "Watcher", "Publisher", "HealthServer", "Gate", "LocalBroker", "LocalKubernetes",
                "WorkerDouble",
            ],
            swiftSettings: strict
        ),
    ]
)

// The image's builder has the sources of the programs and no others, so that an edit of a test compiles nothing anew there.
if Context.environment["PMM_PROGRAMS_ONLY"] != nil {
    package.targets.removeAll { $0.type == .test || $0.path?.hasPrefix("Tests/") == true }
    let left = Set(package.targets.map(\.name))
    package.products.removeAll { !Set(($0 as? Product.Executable)?.targets ?? []).isSubset(of: left) }
}

// `make fuzz` builds one program more, and nothing else needs it: with libFuzzer's instrumentation in all of them, the
// health server as a library whose insides it can see. The sources of the cases belong to HealthServerTests, which runs
// them with a seeded generator.
if Context.environment["PMM_FUZZ"] != nil {
    package.products = [.executable(name: "health-fuzz", targets: ["HealthFuzz"])]
    package.targets.removeAll { $0.type == .test || $0.name == "HealthServer" || $0.path?.hasPrefix("Tests/") == true }
    package.targets += [
        .target(
            name: "HealthServer",
            dependencies: [
                "Shared", "SharedCommandLine", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            exclude: ["HealthServerMain.swift"],
            swiftSettings: strict + [.unsafeFlags(["-enable-testing"])]
        ),
        .target(name: "CFuzz", path: "Tests/Fuzz/CFuzz"),
        .target(
            name: "HealthServerFuzz",
            dependencies: [
                "HealthServer", "Shared",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            path: "Tests/HealthServerTests/Fuzz",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "HealthFuzz",
            dependencies: ["HealthServerFuzz", "CFuzz"],
            path: "Tests/Fuzz/Program",
            swiftSettings: strict
        ),
    ]
}
