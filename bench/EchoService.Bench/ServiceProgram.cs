namespace EchoService.Bench;

/// <summary>Which of its two forms the program has that stands for the service.</summary>
internal static class ServiceProgram
{
    public const string Native = "native code";

    public const string Jit = "code compiled as it runs";

    /// <summary>The one that is built: a program that is compiled as it runs is an assembly beside its host.</summary>
    public static string Of(BenchOptions options) =>
        File.Exists(Path.Combine(options.BinaryPath, Path.ChangeExtension(Peer.Service.Program, ".dll"))) ? Jit : Native;
}
