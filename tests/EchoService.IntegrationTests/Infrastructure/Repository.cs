namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>The checkout that the tests were built in, for tests that hold files of it to the code.</summary>
internal static class Repository
{
    // From the output folder upwards: the path of a source file would be mapped by a deterministic build.
    public static string Root { get; } = FindRoot();

    /// <summary>The version that is built, as Directory.Build.props has it.</summary>
    public static string Version => File.ReadAllText(PathOf("Directory.Build.props")).Split("<Version>")[1].Split('<')[0];

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "EchoService.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException($"EchoService.sln is in no folder above {AppContext.BaseDirectory}.");
        }

        return folder;
    }
}
