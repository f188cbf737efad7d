using System.Text.Json;
using RstGuard.Cli;
using RstGuard.Cli.Scanning;

namespace RstGuard.Tests.Cli.Scanning;

public sealed class ScanCommandTests
{
    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new(), error = new();
        int exitCode = await Program.RunAsync(args, output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }

    [Fact]
    public async Task Json_OfAnEmptyFolderIsAnEmptyArray()
    {
        using LooseFolder folder = new();
        (int exitCode, string output, _) = await RunAsync("scan", "--loose", folder.Path, "--format", "json");
        Assert.Equal(0, exitCode);
        using JsonDocument json = JsonDocument.Parse(output);
        Assert.Equal(0, json.RootElement.GetArrayLength());
    }

    [Fact]
    public async Task Json_HasTheShapeThatIsDocumented()
    {
        using StringWriter output = new();
        await FindingsJson.WriteAsync([new Finding("RST1001", Microsoft.CodeAnalysis.DiagnosticSeverity.Info, "it's \"so\" 连接", "a/b.cs", 1, 2, 3, 4)], null, output);
        using JsonDocument json = JsonDocument.Parse(output.ToString());
        JsonElement row = Assert.Single(json.RootElement.EnumerateArray());
        Assert.Equal(["id", "severity", "message", "path", "line", "column", "endLine", "endColumn"], row.EnumerateObject().Select(p => p.Name));
        Assert.Equal(("RST1001", "Info", "it's \"so\" 连接", "a/b.cs"), (row.GetProperty("id").GetString(), row.GetProperty("severity").GetString(), row.GetProperty("message").GetString(), row.GetProperty("path").GetString()));
        Assert.Equal([1, 2, 3, 4], new[] { "line", "column", "endLine", "endColumn" }.Select(n => row.GetProperty(n).GetInt32()));
    }

    [Fact]
    public async Task Text_SaysThatNothingWasFound()
    {
        using LooseFolder folder = new();
        folder.Write("C.cs", "class C { }\n");
        (int exitCode, string output, string error) = await RunAsync("scan", "--loose", folder.Path);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.StartsWith("Nothing found in 1 files, 2 lines, 1 projects", output);
    }

    [Fact]
    public void Text_UnderlinesTheSpanAndRunsNoEscapeSequence()
    {
        using LooseFolder folder = new();
        folder.Write("C.cs", "class C\n{\n\tint x = 1; // \u001b[31m [red]\n}\n");
        Spectre.Console.IAnsiConsole console = Console(out StringWriter output);
        ScanResult result = new()
        {
            Findings = [new Finding("RST1001", Microsoft.CodeAnalysis.DiagnosticSeverity.Warning, "message [x]", "C.cs", 3, 6, 3, 7)],
            Notes = [],
            Projects = 1,
            Files = 1,
            Lines = 5,
        };
        FindingsText.Write(result, folder.Path, TimeSpan.Zero, console);
        string[] lines = output.ToString().Split('\n').Select(l => l.TrimEnd()).ToArray();
        Assert.Equal(["C.cs:3:6 warning RST1001: message [x]", "    int x = 1; // \uFFFD[31m [red]", "        ~"], lines[..3]);
        Assert.Contains(lines, l => l.Contains("RST1001") && l.Contains("Warning") && l.Contains('1'));
    }

    private static Spectre.Console.IAnsiConsole Console(out StringWriter output)
    {
        output = new StringWriter();
        Spectre.Console.IAnsiConsole console = Spectre.Console.AnsiConsole.Create(new Spectre.Console.AnsiConsoleSettings
        {
            Ansi = Spectre.Console.AnsiSupport.No,
            ColorSystem = Spectre.Console.ColorSystemSupport.NoColors,
            Out = new Spectre.Console.AnsiConsoleOutput(output),
        });
        console.Profile.Width = 200;
        return console;
    }

    [Theory]
    [InlineData("scan")]
    [InlineData("scan", "--loose")]
    [InlineData("scan", "--loose", "/nowhere/at/all")]
    [InlineData("scan", "--loose", "/", "--format", "xml")]
    [InlineData("scan", "--loose", "/", "--define", "A=1")]
    public async Task WrongUse_IsTwo(params string[] args)
    {
        (int exitCode, string output, string error) = await RunAsync(args);
        Assert.Equal((Program.WrongUse, ""), (exitCode, output));
        Assert.StartsWith("rstguard: ", error);
    }

    [Fact]
    public async Task FileInsteadOfAFolder_IsTwo()
    {
        using LooseFolder folder = new();
        folder.Write("C.cs", "class C { }");
        (int exitCode, _, string error) = await RunAsync("scan", "--loose", folder.FullName("C.cs"));
        Assert.Equal(Program.WrongUse, exitCode);
        Assert.StartsWith("rstguard: ", error);
    }
}
