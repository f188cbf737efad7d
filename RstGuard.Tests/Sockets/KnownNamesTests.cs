using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using RstGuard.Sockets;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Sockets;

/// <summary>
/// The model knows the network API by names. A misspelt one would find nothing, and no test of a rule would notice; so each name that
/// the compiled model holds must be a name of the real .NET.
/// </summary>
public sealed partial class KnownNamesTests
{
    // Not of .NET: test frameworks, words and beginnings of names, a keyword, an operation kind newer than Roslyn 4.5, an MSBuild property.
    private static readonly ImmutableHashSet<string> OtherNames =
    [
        "xunit.core", "xunit.v3.core", "nunit.framework", "Microsoft.VisualStudio.TestPlatform.TestFramework", "MSTest.TestFramework", "TUnit.Core",
        "abort", "aborted", "abortive", "base", "chaos", "close", "force", "soft", "gracefully", "graceful", "hard", "kill", "reset", "rst", "terminate", "IntentionalResetAttribute",
        "clean", "cleanup", "destroy", "disconnect", "dispose", "drop", "free", "release", "shutdown", "stop", "teardown",
        "ocket", "Tcp", "Begin", "Async", "windows", "CollectionExpression", "VersionAtLeast", "Str", "Hex", "build_property.IsTestProject",
    ];

    [Fact]
    public void EveryKnownType_Exists()
    {
        CSharpCompilation compilation = new TestProject { Sources = [("Test.cs", "")], References = ReferenceSet.Net100AspNetCore }.Compile();
        var types = new KnownTypes(compilation);
        var missing = typeof(KnownTypes).GetProperties(BindingFlags.Instance | BindingFlags.NonPublic)
            .Where(p => p.PropertyType == typeof(INamedTypeSymbol) && p.GetValue(types) is null).Select(p => p.Name);
        Assert.Empty(missing);
        Assert.NotNull(types.Socket);
    }

    [Fact]
    public void EveryName_IsAMemberOrTypeOfDotNet()
    {
        HashSet<string> real = NamesOfDotNet();
        string[] used = [.. StringsOf("RstGuard.Sockets").Where(text => Identifier().IsMatch(text) && !OtherNames.Contains(text))];
        Assert.Contains("SendTimeout", used);
        Assert.Contains("System.Net.Sockets.TcpClient", used);
        Assert.True(used.Length > 60, $"Only {used.Length} names were found in the model.");
        string[] unknown = [.. used.Where(name => !real.Contains(name))];
        Assert.True(unknown.Length == 0, "Not in .NET: " + string.Join(", ", unknown));
    }

    [Fact]
    public void EveryMemberOfTheTable_IsAMethodOfItsType()
    {
        Assert.True(SocketMembers.All.Count() > 200);
        Assert.Empty(SocketMembers.All.Where(row => !MethodsOf(row.Type).Contains(row.Name)).Select(row => $"{row.Type}.{row.Name}"));
    }

    // What a new .NET adds is to be looked at: the table knows all methods of these types, by what they do.
    [Theory]
    [InlineData("System.Net.Sockets.Socket")]
    [InlineData("System.Net.Sockets.SocketTaskExtensions")]
    [InlineData("System.Net.Sockets.TcpClient", "GetStream")]
    [InlineData("System.Net.Sockets.TcpListener")]
    [InlineData("System.Net.Sockets.NetworkStream", "Seek", "SetLength")]
    [InlineData("System.Net.Security.SslStream", "Seek", "SetLength")]
    [InlineData("System.IO.Stream", "Seek", "SetLength", "Synchronized")]
    [InlineData("System.IO.StreamReader", "DiscardBufferedData")]
    [InlineData("System.IO.StreamWriter")]
    [InlineData("System.IO.BinaryReader")]
    [InlineData("System.IO.BinaryWriter")]
    [InlineData("System.IO.Pipelines.PipeReader")]
    [InlineData("System.IO.Pipelines.PipeWriter", "CopyFromAsync")]
    [InlineData("System.Net.WebSockets.WebSocket")]
    public void EveryMethodOfTheType_IsInTheTable(string type, params string[] others)
    {
        HashSet<string> known = [.. SocketMembers.All.Where(row => row.Type == type).Select(row => row.Name), .. others];
        Assert.Empty(DeclaredMethodsOf(type).Where(method => !method.IsStatic || type.EndsWith("Extensions", StringComparison.Ordinal)).Select(method => method.Name).Where(name => !known.Contains(name)).Distinct());
    }

    [Fact]
    public void EveryWrapper_HasItsParameters()
    {
        Assert.NotEmpty(ConnectionWrap.All);
        foreach ((string type, string inner, string option) in ConnectionWrap.All)
        {
            string[] parameters =
            [
                .. DotNet.GetTypeByMetadataName(type)!.GetMembers().OfType<IMethodSymbol>()
                    .Where(method => method.MethodKind == MethodKind.Constructor || method.Name == "Create").SelectMany(method => method.Parameters).Select(parameter => parameter.Name),
            ];
            Assert.Contains(inner, parameters);
            if (option.Length > 0)
            {
                Assert.Contains(option, parameters);
            }
        }
    }

    private static readonly CSharpCompilation DotNet = new TestProject { Sources = [("Test.cs", "")], References = ReferenceSet.Net100AspNetCore }.Compile();

    private static IEnumerable<IMethodSymbol> DeclaredMethodsOf(string type) => DotNet.GetTypeByMetadataName(type)!.GetMembers().OfType<IMethodSymbol>()
        .Where(method => method is { MethodKind: MethodKind.Ordinary, IsOverride: false, DeclaredAccessibility: Accessibility.Public });

    private static HashSet<string> MethodsOf(string type)
    {
        HashSet<string> names = [];
        for (INamedTypeSymbol? of = DotNet.GetTypeByMetadataName(type) ?? throw new InvalidOperationException($"'{type}' is no type of .NET."); of is not null; of = of.BaseType)
        {
            names.UnionWith(of.GetMembers().OfType<IMethodSymbol>().Where(method => method.MethodKind is MethodKind.Ordinary or MethodKind.ExplicitInterfaceImplementation).Select(method => method.Name.Split('.')[^1]));
        }

        return names;
    }

    [Theory]
    [InlineData("SendFlie")]
    [InlineData("System.Net.Sockets.TcpClinet")]
    public void MisspeltName_IsNoNameOfDotNet(string name) => Assert.DoesNotContain(name, NamesOfDotNet());

    /// <summary>Types, methods, properties, enumeration members and parameters, as the reference assemblies name them.</summary>
    private static HashSet<string> NamesOfDotNet()
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (MetadataReference reference in ReferenceSet.Net100AspNetCore.References)
        {
            using var file = new PEReader(File.OpenRead(((PortableExecutableReference)reference).FilePath!));
            MetadataReader reader = file.GetMetadataReader();
            foreach (TypeDefinition type in reader.TypeDefinitions.Select(reader.GetTypeDefinition))
            {
                // Without the number of type parameters.
                string name = reader.GetString(type.Name).Split('`')[0];
                names.Add(name);
                names.Add(reader.GetString(type.Namespace) + "." + name);
                names.UnionWith(type.GetProperties().Select(p => reader.GetString(reader.GetPropertyDefinition(p).Name)));
                names.UnionWith(type.GetEvents().Select(e => reader.GetString(reader.GetEventDefinition(e).Name)));
                names.UnionWith(type.GetFields().Select(f => reader.GetString(reader.GetFieldDefinition(f).Name)));
                foreach (MethodDefinition method in type.GetMethods().Select(reader.GetMethodDefinition))
                {
                    names.Add(reader.GetString(method.Name));
                    names.UnionWith(method.GetParameters().Select(p => reader.GetString(reader.GetParameter(p).Name)));
                }
            }
        }

        return names;
    }

    /// <summary>The string literals in all method bodies of a namespace of the analyzers, read from their IL.</summary>
    private static SortedSet<string> StringsOf(string @namespace)
    {
        SortedSet<string> strings = new(StringComparer.Ordinal);
        Module module = typeof(SocketModel).Module;
        foreach (MethodBase method in module.GetTypes().Where(type => type.Namespace == @namespace)
            .SelectMany(type => type.GetMembers(BindingFlags.DeclaredOnly | BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OfType<MethodBase>()))
        {
            byte[] il = method.GetMethodBody()?.GetILAsByteArray() ?? [];
            for (int i = 0; i < il.Length;)
            {
                OpCode code = il[i] == 0xFE ? TwoBytes[il[i + 1]] : OneByte[il[i]];
                i += code.Size;
                if (code == OpCodes.Ldstr)
                {
                    strings.Add(module.ResolveString(BitConverter.ToInt32(il, i)));
                }

                i += code.OperandType switch
                {
                    OperandType.InlineNone => 0,
                    OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                    OperandType.InlineVar => 2,
                    OperandType.InlineI8 or OperandType.InlineR => 8,
                    OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, i)),
                    _ => 4,
                };
            }
        }

        return strings;
    }

    private static readonly OpCode[] OneByte = Codes(0);
    private static readonly OpCode[] TwoBytes = Codes(0xFE);

    private static OpCode[] Codes(int first)
    {
        var codes = new OpCode[256];
        foreach (OpCode code in typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (OpCode)f.GetValue(null)!))
        {
            if ((ushort)code.Value >> 8 == first)
            {
                codes[code.Value & 0xFF] = code;
            }
        }

        return codes;
    }

    // Names of .NET begin with a capital, its parameters with a small letter; short fragments of text are neither.
    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{2,}(\.[A-Za-z0-9_]+)*$")]
    private static partial Regex Identifier();
}
