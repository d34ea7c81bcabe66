using EchoService.Probe.CommandLine;

// Read by the runtime at its first socket use. Completions then run on the thread that polls, which takes
// a hop through the thread pool out of every message; nothing in the probe's completions blocks.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

return await ProbeCommandLine.RunAsync(args, Console.Out, Console.Error);
