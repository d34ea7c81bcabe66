using System.Runtime.CompilerServices;
using EchoService.Transport;

namespace EchoService.IntegrationTests;

internal static class AssemblySetup
{
    /// <summary>
    /// The tests run what ships: completions on the socket threads. The runtime looks at the switch once, at the first
    /// socket of the process, hence this early.
    /// </summary>
    /// <remarks>
    /// It holds for the tests' own sockets too. <see cref="Infrastructure.EchoClient"/> therefore leaves the socket
    /// thread before it hands back to a test; a test that awaits a bare socket must not block after it.
    /// </remarks>
    [ModuleInitializer]
    internal static void Initialize() => InlineCompletions.Enable();
}
