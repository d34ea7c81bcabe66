using System.Reflection;

namespace EchoService.Diagnostics;

/// <summary>What was built, from what: <c>version+revision</c> as the build wrote it into the assembly.</summary>
internal static class BuildInfo
{
    private static readonly string[] Parts =
        (typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0").Split('+', 2);

    /// <summary>As Directory.Build.props has it.</summary>
    public static string Version => Parts[0];

    /// <summary>The commit, or <c>unknown</c> where the build did not know it.</summary>
    public static string Revision => Parts.Length == 2 ? Parts[1] : "unknown";
}
