using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using OpenTelemetry.Metrics;
using RstGuard.Diagnosis;
using RstGuard.Monitoring;
using RstGuard.Tests.Repository;
using RstGuard.Tests.Verification;
using YamlDotNet.RepresentationModel;

namespace RstGuard.Tests.Monitoring;

/// <summary>docs/monitoring.md, its dashboard and its alerts say what the monitor has, and nothing else.</summary>
public sealed partial class MonitoringDocsTests
{
    private const string Page = "docs/monitoring.md";
    private const string Dashboard = "docs/monitoring/dashboard.json";
    private const string Alerts = "docs/monitoring/alerts.yaml";

    private static readonly Dictionary<string, string[]> Attributes = new()
    {
        ["cause"] = Enum.GetNames<ResetCause>(),
        ["confidence"] = Enum.GetNames<Confidence>(),
        ["direction"] = Enum.GetNames<ResetDirection>(),
        ["basis"] = Enum.GetNames<ResetBasis>(),
    };

    [Theory]
    [InlineData(Page)]
    [InlineData(Dashboard)]
    [InlineData(Alerts)]
    public void EachMetricThatIsNamed_Exists(string file)
    {
        string[] named = [.. PrometheusName().Matches(RepositoryTree.Read(file)).Select(match => match.Value).Distinct()];
        Assert.NotEmpty(named);
        Assert.Empty(named.Except(Instruments().Select(instrument => instrument.Prometheus)));
    }

    [Fact]
    public void TableOfInstruments_IsWhole()
    {
        string page = RepositoryTree.Read(Page);
        Assert.All(Instruments(), instrument => Assert.Matches(
            $@"\| `{Regex.Escape(instrument.Name)}` \| `{instrument.Prometheus}` \| {Regex.Escape(instrument.Kind)}, `{Regex.Escape(instrument.Unit)}` \|", page));
        Assert.Equal(Instruments().Length, InstrumentRow().Count(page));
        Assert.All(Attributes.Keys, attribute => Assert.Contains($"| `{attribute}` |", page, StringComparison.Ordinal));
        Assert.All(
            new[] { "confidence", "direction", "basis" }.SelectMany(attribute => Attributes[attribute]),
            value => Assert.Contains($"`{value}`", page, StringComparison.Ordinal));
    }

    /// <summary>The attributes that the queries select by, and the values of those that the monitor sets.</summary>
    [Theory]
    [InlineData(Dashboard)]
    [InlineData(Alerts)]
    public void EachLabelThatIsSelected_Exists(string file)
    {
        string[] given = ["job", "instance"];
        foreach (Match selected in Selector().Matches(RepositoryTree.Read(file).Replace("\\\"", "\"", StringComparison.Ordinal)))
        {
            string label = selected.Groups["label"].Value;
            if (given.Contains(label))
            {
                continue;
            }

            Assert.Contains(label, Attributes.Keys);
            Assert.Empty(selected.Groups["value"].Value.Split('|').Except(Attributes[label]));
        }
    }

    [Fact]
    public void Dashboard_IsOneThatGrafanaReads()
    {
        using JsonDocument dashboard = JsonDocument.Parse(RepositoryTree.Read(Dashboard));
        JsonElement root = dashboard.RootElement;
        Assert.Equal(39, root.GetProperty("schemaVersion").GetInt32());
        JsonElement[] panels = [.. root.GetProperty("panels").EnumerateArray()];
        Assert.Equal(panels.Length, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels, panel =>
        {
            Assert.NotEmpty(panel.GetProperty("title").GetString()!);
            JsonElement place = panel.GetProperty("gridPos");
            Assert.InRange(place.GetProperty("x").GetInt32() + place.GetProperty("w").GetInt32(), 1, 24);
            Assert.All(panel.GetProperty("targets").EnumerateArray(), target => Assert.True(IsBalanced(target.GetProperty("expr").GetString()!)));
        });
    }

    [Fact]
    public void Alerts_AreRulesThatPrometheusReads()
    {
        YamlStream stream = [];
        using StringReader reader = new(RepositoryTree.Read(Alerts));
        stream.Load(reader);
        YamlSequenceNode groups = Assert.IsType<YamlSequenceNode>(stream.Documents.Single().RootNode["groups"]);
        YamlNode[] rules = [.. groups.SelectMany(group => Assert.IsType<YamlSequenceNode>(group["rules"]))];
        Assert.NotEmpty(rules);
        Assert.All(rules, rule =>
        {
            Assert.True(IsBalanced(rule["expr"].ToString()));
            Assert.Matches("^[0-9]+m$", rule["for"].ToString());
            Assert.Contains(rule["labels"]["severity"].ToString(), new[] { "info", "warning" });
            Assert.NotEmpty(rule["annotations"]["summary"].ToString());
            Assert.NotEmpty(rule["annotations"]["description"].ToString());
        });
    }

    [Fact]
    public void SamplesOfThePage_Compile()
    {
        string[] samples = [.. CSharpBlock().Matches(RepositoryTree.Read(Page)).Select(match => match.Groups[1].Value)];
        Assert.Equal(2, samples.Length);
        MetadataReference[] references =
        [
            .. ReferenceSet.Net100AspNetCore.References,
            .. new[] { typeof(ResetMonitor), typeof(MeterProvider), typeof(OpenTelemetry.Exporter.OtlpExporterOptions), typeof(OpenTelemetry.Sdk) }
                .Select(type => MetadataReference.CreateFromFile(type.Assembly.Location)),
        ];
        Assert.All(samples, sample => Assert.Empty(
            CSharpCompilation.Create("Sample", [CSharpSyntaxTree.ParseText(sample)], references, new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable))
                .GetDiagnostics(TestContext.Current.CancellationToken)
                .Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning && !diagnostic.Id.StartsWith("CS17", StringComparison.Ordinal))));
    }

    private static (string Name, string Prometheus, string Kind, string Unit)[] Instruments()
    {
        using var meter = new MeasuredMeter();
        using var metrics = new ResetMetrics(meter, () => default);
        return [.. meter.Instruments.Values.Select(instrument =>
        {
            bool isCounter = instrument.GetType().Name is "Counter`1" or "ObservableCounter`1";

            // https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics: dots become underscores, units in braces are left out.
            string prometheus = instrument.Name.Replace('.', '_') + (isCounter ? "_total" : "");
            return (instrument.Name, prometheus, isCounter ? "counter" : "up-down counter", instrument.Unit!);
        })];
    }

    private static bool IsBalanced(string query) =>
        query.Length > 0 && new[] { ('(', ')'), ('{', '}'), ('[', ']') }.All(pair => query.Count(c => c == pair.Item1) == query.Count(c => c == pair.Item2));

    [GeneratedRegex("rstguard_[a-z_]+")]
    private static partial Regex PrometheusName();

    [GeneratedRegex(@"^\| `rstguard\.", RegexOptions.Multiline)]
    private static partial Regex InstrumentRow();

    [GeneratedRegex("(?<label>[a-z]+)(=|=~|!=|!~)\"(?<value>[A-Za-z|$]+)\"")]
    private static partial Regex Selector();

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();
}
