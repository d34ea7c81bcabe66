namespace EchoService.Bench;

/// <summary>How a peer is told with how many threads to serve its sockets.</summary>
internal enum SocketThreads
{
    /// <summary>Not at all: it has one, or its runtime decides.</summary>
    Fixed,

    /// <summary>By one more argument.</summary>
    Argument,

    /// <summary>By the .NET runtime's own variable, as an operator does it.</summary>
    RuntimeVariable,
}
