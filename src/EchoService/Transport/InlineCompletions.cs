using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace EchoService.Transport;

/// <summary>
/// Lets completions run on the socket thread itself instead of on the thread pool: without the hop a message costs
/// about 0.6 of the CPU time. It obliges every callback never to block.
/// </summary>
internal static class InlineCompletions
{
    private const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    private const string ThreadCountVariable = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    /// <summary>
    /// How many socket threads the runtime has while completions run on them: one per processor, unless it was told another
    /// number (SocketAsyncEngine.Unix.cs).
    /// </summary>
    public static int ThreadCount =>
        int.TryParse(Environment.GetEnvironmentVariable(ThreadCountVariable), CultureInfo.InvariantCulture, out var count) && count > 0 ? count : Environment.ProcessorCount;

    /// <summary>
    /// Must run before the first socket of the process: the runtime reads the variable then, once
    /// (SocketAsyncEngine.Unix.cs). A value that is set already is left alone. Windows has completion ports and ignores it.
    /// </summary>
    public static void Enable()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
        {
            Environment.SetEnvironmentVariable(Variable, "1");
        }
    }

    /// <summary>
    /// Leaves the completions of <paramref name="socket"/> to the thread pool, before its first operation: for sockets
    /// whose callbacks keep no promise, so that they hold up no echo.
    /// </summary>
    public static void Disable(Socket socket) => SetPreferInlineCompletions(socket, value: false);

    // Not public, but there since .NET 5 and the only way to tell one socket from another (Socket.Unix.cs).
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_PreferInlineCompletions")]
    private static extern void SetPreferInlineCompletions(Socket socket, bool value);
}
