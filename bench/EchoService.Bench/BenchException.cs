namespace EchoService.Bench;

/// <summary>Something the bench cannot go on without, told to the user without a stack trace.</summary>
internal sealed class BenchException(string message) : Exception(message);
