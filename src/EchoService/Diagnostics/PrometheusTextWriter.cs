using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace EchoService.Diagnostics;

/// <summary>
/// Writes aggregated metrics as Prometheus text 0.0.4 or OpenMetrics 1.0.0. Names follow OpenTelemetry's rules for
/// Prometheus: dots become underscores, the unit is spelt out and appended, counters end in <c>_total</c>.
/// </summary>
/// <remarks>
/// Formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and
/// https://prometheus.io/docs/specs/om/open_metrics_spec/.
/// </remarks>
internal sealed class PrometheusTextWriter(IBufferWriter<byte> output, bool openMetrics)
{
    // "_count" belongs to histograms; linters object to a gauge that ends in it.
    private static readonly FrozenDictionary<string, string> PluralNames = new Dictionary<string, string>
    {
        ["dotnet.assembly.count"] = "dotnet_assemblies",
        ["dotnet.process.cpu.count"] = "dotnet_process_cpus",
        ["dotnet.thread_pool.thread.count"] = "dotnet_thread_pool_threads",
        ["dotnet.timer.count"] = "dotnet_timers",
    }.ToFrozenDictionary();

    // Levels that the runtime declares as counters (System.Runtime, RuntimeMetrics.cs). A counter must not go back.
    private static readonly FrozenSet<string> Levels = FrozenSet.Create("dotnet.thread_pool.queue.length", "dotnet.thread_pool.thread.count");

    private enum Kind
    {
        Counter,
        Gauge,
        Histogram,
    }

    /// <summary>Writes all of <paramref name="metrics"/>, families in the order of their names.</summary>
    public void Write(in Batch<Metric> metrics)
    {
        var families = new List<(string Name, Metric Metric)>();
        foreach (var metric in metrics)
        {
            families.Add((FamilyName(metric), metric));
        }

        families.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        foreach (var (name, metric) in families)
        {
            WriteFamily(name, metric);
        }

        if (openMetrics)
        {
            Write("# EOF\n"u8);
        }
    }

    private static Kind KindOf(Metric metric) => metric.MetricType switch
    {
        MetricType.LongSum or MetricType.DoubleSum => Levels.Contains(metric.Name) ? Kind.Gauge : Kind.Counter,
        MetricType.LongGauge or MetricType.DoubleGauge or MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic => Kind.Gauge,
        MetricType.Histogram => Kind.Histogram,
        _ => throw new NotSupportedException($"{metric.Name}: metrics of type {metric.MetricType} have no Prometheus text form here."),
    };

    /// <summary>The name without the suffixes that samples have (<c>_total</c>, <c>_bucket</c>, …).</summary>
    private static string FamilyName(Metric metric)
    {
        if (PluralNames.TryGetValue(metric.Name, out var plural))
        {
            return plural;
        }

        var name = Sanitize(metric.Name);
        if (KindOf(metric) == Kind.Counter && name.EndsWith("_total", StringComparison.Ordinal))
        {
            name = name[..^"_total".Length];
        }

        var unit = UnitName(metric.Unit);
        return unit.Length == 0 || name.EndsWith("_" + unit, StringComparison.Ordinal) ? name : $"{name}_{unit}";
    }

    /// <summary>UCUM's code spelt out. What is counted (<c>{connection}</c>) and the dimensionless 1 are no units.</summary>
    private static string UnitName(string unit) => unit switch
    {
        "" or "1" => "",
        "s" => "seconds",
        "By" => "bytes",
        _ when unit.StartsWith('{') => "",
        _ => Sanitize(unit),
    };

    private static string Sanitize(string name)
    {
        var valid = string.Create(name.Length, name, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
            }
        });
        return valid.Length > 0 && char.IsAsciiDigit(valid[0]) ? "_" + valid : valid;
    }

    private void WriteFamily(string family, Metric metric)
    {
        var kind = KindOf(metric);
        // OpenMetrics names the family, the older format the samples.
        var described = kind == Kind.Counter && !openMetrics ? family + "_total" : family;
        if (metric.Description.Length > 0)
        {
            Write("# HELP "u8);
            Write(described);
            Write(" "u8);
            WriteEscaped(metric.Description, quotes: openMetrics);
            Write("\n"u8);
        }

        Write("# TYPE "u8);
        Write(described);
        Write(kind switch { Kind.Counter => " counter\n"u8, Kind.Gauge => " gauge\n"u8, _ => " histogram\n"u8 });
        var unit = UnitName(metric.Unit);
        if (openMetrics && unit.Length > 0)
        {
            Write("# UNIT "u8);
            Write(family);
            Write(" "u8);
            Write(unit);
            Write("\n"u8);
        }

        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var labels = Labels(point.Tags);
            var suffix = kind == Kind.Counter ? "_total" : "";
            switch (metric.MetricType)
            {
                case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                    WriteSample(family, suffix, labels, point.GetSumLong());
                    break;
                case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                    WriteSample(family, suffix, labels, point.GetSumDouble());
                    break;
                case MetricType.LongGauge:
                    WriteSample(family, suffix, labels, point.GetGaugeLastValueLong());
                    break;
                case MetricType.DoubleGauge:
                    WriteSample(family, suffix, labels, point.GetGaugeLastValueDouble());
                    break;
                default:
                    WriteHistogram(family, labels, in point);
                    break;
            }

            if (openMetrics && kind != Kind.Gauge)
            {
                WriteSample(family, "_created", labels, point.StartTime.ToUnixTimeMilliseconds() / 1000d);
            }
        }
    }

    private void WriteHistogram(string family, string labels, in MetricPoint point)
    {
        var cumulative = 0L;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            cumulative += bucket.BucketCount;
            var bound = $"le=\"{Bound(bucket.ExplicitBound)}\"";
            WriteSample(family, "_bucket", labels.Length == 0 ? bound : $"{labels},{bound}", cumulative);
        }

        WriteSample(family, "_sum", labels, point.GetHistogramSum());
        WriteSample(family, "_count", labels, point.GetHistogramCount());
    }

    private void WriteSample<T>(string family, string suffix, string labels, T value)
        where T : IUtf8SpanFormattable
    {
        Write(family);
        Write(suffix);
        if (labels.Length > 0)
        {
            Write("{"u8);
            Write(labels);
            Write("}"u8);
        }

        Write(" "u8);
        WriteValue(value);
        Write("\n"u8);
    }

    private void WriteValue<T>(T value)
        where T : IUtf8SpanFormattable
    {
        switch (value)
        {
            case double.PositiveInfinity:
                Write("+Inf"u8);
                break;
            case double.NegativeInfinity:
                Write("-Inf"u8);
                break;
            default:
                // The longest double takes 24 characters, the longest long 20. NaN is "NaN".
                value.TryFormat(output.GetSpan(32), out var written, default, CultureInfo.InvariantCulture);
                output.Advance(written);
                break;
        }
    }

    /// <summary>A bucket's bound as OpenMetrics wants it, in both formats, so that a series keeps its name whichever is asked for.</summary>
    private static string Bound(double bound)
    {
        if (double.IsPositiveInfinity(bound))
        {
            return "+Inf";
        }

        var text = bound.ToString(CultureInfo.InvariantCulture).Replace('E', 'e');
        return text.AsSpan().ContainsAny('.', 'e') ? text : text + ".0";
    }

    private static string Labels(ReadOnlyTagCollection tags)
    {
        if (tags.Count == 0)
        {
            return "";
        }

        var text = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            if (value is null)
            {
                // An empty label is the same as none.
                continue;
            }

            text.Append(text.Length == 0 ? "" : ",").Append(Sanitize(key)).Append("=\"");
            AppendEscaped(text, value is bool flag ? (flag ? "true" : "false") : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "", quotes: true);
            text.Append('"');
        }

        return text.ToString();
    }

    private static void AppendEscaped(StringBuilder text, string value, bool quotes)
    {
        foreach (var character in value)
        {
            _ = character switch
            {
                '\\' => text.Append(@"\\"),
                '\n' => text.Append(@"\n"),
                '"' when quotes => text.Append("\\\""),
                _ => text.Append(character),
            };
        }
    }

    private void WriteEscaped(string value, bool quotes)
    {
        var text = new StringBuilder(value.Length);
        AppendEscaped(text, value, quotes);
        Write(text.ToString());
    }

    private void Write(ReadOnlySpan<byte> utf8) => output.Write(utf8);

    private void Write(string text) => Encoding.UTF8.GetBytes(text, output);
}
