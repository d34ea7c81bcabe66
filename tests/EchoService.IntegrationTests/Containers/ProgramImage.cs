using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>Stand-ins for images that no registry is asked for: an installed program and its libraries, and nothing else.</summary>
internal static class ProgramImage
{
    /// <summary>Makes one.</summary>
    /// <param name="program">A command on the PATH, which the image runs with the arguments that it is given.</param>
    /// <returns>The image's name.</returns>
    public static async Task<string> MakeAsync(string program)
    {
        var path = Requirements.FindOnPath(program).ShouldNotBeNull();
        var name = $"echoservice-{program}:tests";
        (await ChildProcess.RunAsync(
            "/bin/sh",
            "-c",
            """{ echo "$0"; ldd "$0" | grep -o '/[^ ]*'; } | tar --create --dereference --files-from=- | docker import --change "ENTRYPOINT [\"$0\"]" - "$1" """,
            path,
            name)).ShouldSucceed();
        return name;
    }
}
