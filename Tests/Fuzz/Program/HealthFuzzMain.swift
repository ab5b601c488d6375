import CFuzz
import Glibc
import HealthServerFuzz

/// `health-fuzz request|state [libFuzzer's options and corpus directories]`, `health-fuzz seeds request|state` (writes
/// each seed into the working directory).
///
/// A violation of what must always hold ends the process as a crash does, so that libFuzzer keeps the input.
@main
struct HealthFuzzMain {
    static func main() {
        if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "seeds" {
            writeSeeds(CommandLine.arguments[2] == "request" ? FuzzSeeds.requests : FuzzSeeds.states)
            return
        }
        var arguments = CommandLine.arguments.map { strdup($0) }
        guard arguments.count >= 2, let target = arguments[1].map({ String(cString: $0) }),
            ["request", "state"].contains(target)
        else {
            print("usage: health-fuzz request|state [OPTION...] [CORPUS...] | health-fuzz seeds request|state")
            exit(64)
        }
        arguments.remove(at: 1)
        arguments.append(nil)
        var count = Int32(arguments.count - 1)
        let code = arguments.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            return target == "request"
                ? LLVMFuzzerRunDriver(&count, &start, fuzzRequest) : LLVMFuzzerRunDriver(&count, &start, fuzzState)
        }
        exit(code)
    }

    private static func writeSeeds(_ seeds: [[UInt8]]) {
        for (number, seed) in seeds.enumerated() {
            guard let file = fopen("seed-\(number)", "w"), fwrite(seed, 1, seed.count, file) == seed.count,
                fclose(file) == 0
            else {
                perror("seed-\(number)")
                exit(71)
            }
        }
    }
}

private func fuzzRequest(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    require { try FuzzTargets.request(Array(UnsafeBufferPointer(start: data, count: size))) }
}

private func fuzzState(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    require { try FuzzTargets.state(Array(UnsafeBufferPointer(start: data, count: size))) }
}

private func require(_ body: () throws -> Void) -> Int32 {
    do {
        try body()
        return 0
    } catch {
        fatalError("violation: \(error)")
    }
}
