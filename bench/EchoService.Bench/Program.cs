using EchoService.Bench;

if (!BenchOptions.TryParse(args, out var options, out var problem))
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine(BenchOptions.Usage);
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};

try
{
    if (options.Quick)
    {
        return await new Guard(options).RunAsync(stop.Token) ? 0 : 1;
    }

    // What is published may come from several runs of a few workloads each; anything else starts afresh.
    var resultsPath = options.Publish ? options.PublishedResultsPath : options.ResultsPath;
    var results = options.Publish ? BenchResults.Load(resultsPath) : new BenchResults();
    if (!options.RenderOnly)
    {
        var run = new BenchRun(options);
        Console.WriteLine($"{run.Estimate().TotalMinutes:0.0} min to go: passes {options.Passes}, rounds {options.Rounds}, slices of {options.Seconds} s; the service as {ServiceProgram.Of(options)}");

        // Saved after each workload, so that a run that is cut short keeps what it measured.
        await foreach (var (workload, measured) in run.RunAsync(stop.Token))
        {
            results.Workloads[workload.Name] = measured;
            results.Save(resultsPath);
            Console.WriteLine(Tables.Workload(workload, measured));
        }
    }

    if (options.Publish)
    {
        PerformancePage.Render(options, results);
    }
    else
    {
        Console.WriteLine(Tables.Targets(results));
    }

    return 0;
}
catch (OperationCanceledException)
{
    return 130;
}
catch (BenchException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
