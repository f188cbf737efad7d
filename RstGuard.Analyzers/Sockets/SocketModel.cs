using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard.Sockets;

/// <summary>
/// What one compilation does to its connections, found on demand and shared by all rules. A fact may be computed twice when two
/// threads ask at once; nothing waits, and nothing that was cancelled or failed is kept.
/// </summary>
internal sealed class SocketModel
{
    // The static state of the analyzers: it lives as long as the compilation, and as the file, which an editor keeps while others change.
    private static readonly ConditionalWeakTable<Compilation, SocketModel> Models = new();
    private static readonly ConditionalWeakTable<SyntaxTree, TopicsOfFile> Files = new();
    private static readonly SocketTopicScanner Scanner = new();

    private static readonly string[] TestFrameworks =
    [
        "xunit.core", "xunit.v3.core", "nunit.framework", "Microsoft.VisualStudio.TestPlatform.TestFramework", "MSTest.TestFramework", "TUnit.Core",
    ];

    private readonly ConcurrentDictionary<INamedTypeSymbol, SocketTopics> _topicsOfTypes = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<SyntaxNode, SocketBody> _bodies = new();
    private readonly ConcurrentDictionary<INamedTypeSymbol, TypeFacts> _types = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<SyntaxTree, SemanticModel> _semanticModels = new();
    private readonly ConcurrentDictionary<ISymbol, ConnectionReach> _reaches = new(SymbolEqualityComparer.Default);
    private TopicsOfOwner? _lastTopics;
    private ConcurrencyTypes? _concurrency;
    private CallGraph? _calls;
    private TopicsOfFile? _topicsOfAll;
    private readonly bool _hasTestFramework;

    private SocketModel(Compilation compilation)
    {
        Compilation = compilation;
        Types = new KnownTypes(compilation);
        _hasTestFramework = compilation.ReferencedAssemblyNames.Any(reference => TestFrameworks.Contains(reference.Name));
    }

    internal Compilation Compilation { get; }

    internal KnownTypes Types { get; }

    internal ConcurrencyTypes Concurrency => Volatile.Read(ref _concurrency) is { } known ? known : Keep(ref _concurrency, new ConcurrencyTypes(Compilation));

    /// <summary>Who calls, starts and names what.</summary>
    internal CallGraph Calls => Volatile.Read(ref _calls) is { } known ? known : Keep(ref _calls, new CallGraph(this));

    internal static SocketModel For(Compilation compilation) => Models.GetValue(compilation, static key => new SocketModel(key));

    /// <summary>
    /// What the code of <paramref name="owner"/> may be about: what its file mentions, or a file of a further part, a containing
    /// type or a base type, since a body may name no more than an inherited field.
    /// </summary>
    internal SocketTopics TopicsOf(ISymbol owner, SyntaxTree tree, CancellationToken cancellationToken)
    {
        // All rules ask for one body, one after the other.
        if (Volatile.Read(ref _lastTopics) is { } last && ReferenceEquals(last.Owner, owner) && last.Tree == tree)
        {
            return last.Topics;
        }

        SocketTopics topics = OfAll(cancellationToken).AliasedGlobally | (owner.ContainingType is { } type ? TopicsOf(type, 0, cancellationToken) : Of(tree, cancellationToken).Mentioned);
        Volatile.Write(ref _lastTopics, new TopicsOfOwner(owner, tree, topics));
        return topics;
    }

    /// <summary>Whether any file of the compilation mentions one of <paramref name="topics"/>; where none does, no body of it can be about them.</summary>
    internal bool Mentions(SocketTopics topics, CancellationToken cancellationToken)
    {
        TopicsOfFile all = OfAll(cancellationToken);
        return ((all.Mentioned | all.AliasedGlobally) & topics) != 0;
    }

    /// <summary>Whether some rule has looked into a body.</summary>
    internal bool HasBodies => !_bodies.IsEmpty;

    /// <summary>The body, or initializer, that <paramref name="operation"/> belongs to.</summary>
    internal SocketBody BodyOf(IOperation operation, ISymbol owner, CancellationToken cancellationToken)
    {
        IOperation root = operation;
        while (root.Parent is { } parent)
        {
            root = parent;
        }

        return _bodies.TryGetValue(root.Syntax, out SocketBody? known)
            ? known
            : _bodies.GetOrAdd(root.Syntax, SocketBody.Create(this, owner, root, cancellationToken));
    }

    /// <summary>The body of a method, constructor or accessor that the compilation has the source of.</summary>
    internal SocketBody? BodyOf(IMethodSymbol method, CancellationToken cancellationToken)
    {
        method = method.OriginalDefinition.PartialImplementationPart ?? method.OriginalDefinition;
        return method.DeclaringSyntaxReferences is { IsEmpty: false } references ? BodyOf(references[0].GetSyntax(cancellationToken), method, cancellationToken) : null;
    }

    /// <summary>The same by its declaration: an expression-bodied property's arrow is the body of its getter.</summary>
    internal SocketBody? BodyOf(SyntaxNode declaration, IMethodSymbol method, CancellationToken cancellationToken) =>
        declaration is not (BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or ArrowExpressionClauseSyntax) ? null
        : _bodies.TryGetValue(declaration, out SocketBody? known) ? known
        : OperationOf(declaration, cancellationToken) is { } root ? BodyOf(root, method, cancellationToken)
        : null;

    /// <summary>What the members of <paramref name="type"/> do to the connections in its fields.</summary>
    internal TypeFacts FactsOf(INamedTypeSymbol type, CancellationToken cancellationToken)
    {
        INamedTypeSymbol definition = type.OriginalDefinition;
        return _types.TryGetValue(definition, out TypeFacts? known) ? known : _types.GetOrAdd(definition, TypeFacts.Of(this, definition, cancellationToken));
    }

    /// <summary>The bodies that name <paramref name="member"/>, a field or property of the compilation, in the type that declares it.</summary>
    internal IEnumerable<SocketBody> BodiesThatName(ISymbol member, CancellationToken cancellationToken) =>
        member.ContainingType is { DeclaringSyntaxReferences.IsEmpty: false } type ? FactsOf(type, cancellationToken).BodiesThatName(member, cancellationToken) : [];

    /// <summary>What happens to the connection that <paramref name="holder"/>, a field or property, holds, wherever it goes.</summary>
    internal ConnectionReach ReachOf(ISymbol holder, CancellationToken cancellationToken) =>
        _reaches.TryGetValue(holder, out ConnectionReach? known) ? known : _reaches.GetOrAdd(holder, ConnectionReach.Of(this, holder, cancellationToken));

    /// <summary>Whether the project is one of tests: by its property <c>IsTestProject</c>, or by what it references.</summary>
    internal bool IsTestProject(AnalyzerOptions options) =>
        options.AnalyzerConfigOptionsProvider.GlobalOptions.TryGetValue("build_property.IsTestProject", out string? value) && bool.TryParse(value, out bool isTest)
            ? isTest
            : _hasTestFramework;

    /// <summary>What the compiler makes of an expression somewhere in the compilation.</summary>
    internal IOperation? OperationOf(SyntaxNode expression, CancellationToken cancellationToken) =>
        SemanticModelOf(expression.SyntaxTree).GetOperation(expression, cancellationToken);

    /// <summary>What a declaration somewhere in the compilation declares.</summary>
    internal ISymbol? SymbolDeclaredBy(SyntaxNode declaration, CancellationToken cancellationToken) =>
        SemanticModelOf(declaration.SyntaxTree).GetDeclaredSymbol(declaration, cancellationToken);

    /// <summary>What a call that does not bind may have meant: where a package is missing, the types of its other arguments are unknown.</summary>
    internal IEnumerable<IMethodSymbol> CandidatesOf(SyntaxNode call, CancellationToken cancellationToken)
    {
        SemanticModel model = SemanticModelOf(call.SyntaxTree);
        SymbolInfo info = model.GetSymbolInfo(call, cancellationToken);
        if (info.Symbol is IMethodSymbol bound)
        {
            return [bound];
        }

        INamedTypeSymbol? made = call switch
        {
            BaseObjectCreationExpressionSyntax => model.GetTypeInfo(call, cancellationToken).Type as INamedTypeSymbol,
            ConstructorInitializerSyntax { ThisOrBaseKeyword.ValueText: "base" } => model.GetEnclosingSymbol(call.SpanStart, cancellationToken)?.ContainingType.BaseType,
            ConstructorInitializerSyntax => model.GetEnclosingSymbol(call.SpanStart, cancellationToken)?.ContainingType,
            _ => null,
        };
        return made?.InstanceConstructors ?? info.CandidateSymbols.OfType<IMethodSymbol>();
    }

    /// <summary>What a field or property of the compilation is declared with.</summary>
    internal IOperation? InitializerOf(ISymbol symbol, CancellationToken cancellationToken)
    {
        if (symbol is not (IFieldSymbol or IPropertySymbol) || symbol.DeclaringSyntaxReferences.Length != 1)
        {
            return null;
        }

        EqualsValueClauseSyntax? initializer = symbol.DeclaringSyntaxReferences[0].GetSyntax(cancellationToken) switch
        {
            VariableDeclaratorSyntax field => field.Initializer,
            PropertyDeclarationSyntax property => property.Initializer,
            _ => null,
        };
        return initializer is null ? null : OperationOf(initializer.Value, cancellationToken);
    }

    /// <summary>Whether some part of the containing type may give <paramref name="member"/> a value besides its initializer.</summary>
    internal bool IsAssignedOutsideInitializer(ISymbol member, CancellationToken cancellationToken)
    {
        foreach (SyntaxReference part in member.ContainingType.DeclaringSyntaxReferences)
        {
            foreach (SyntaxNode node in part.GetSyntax(cancellationToken).DescendantNodes())
            {
                ExpressionSyntax? target = node switch
                {
                    AssignmentExpressionSyntax assignment => assignment.Left,
                    ArgumentSyntax { RefOrOutKeyword.RawKind: not 0 } argument => argument.Expression,
                    _ => null,
                };
                SimpleNameSyntax? name = target switch
                {
                    MemberAccessExpressionSyntax access => access.Name,
                    SimpleNameSyntax simple => simple,
                    _ => null,
                };
                if (name?.Identifier.ValueText == member.Name)
                {
                    return true;
                }
            }
        }

        return false;
    }

    // Made twice when two threads ask at once.
    private static T Keep<T>(ref T? field, T value)
        where T : class
    {
        Volatile.Write(ref field, value);
        return value;
    }

    // The one place that asks the compilation for a semantic model: what it binds is kept with the model's facts.
#pragma warning disable RS1030
    private SemanticModel SemanticModelOf(SyntaxTree tree) =>
        _semanticModels.TryGetValue(tree, out SemanticModel? known) ? known : _semanticModels.GetOrAdd(tree, Compilation.GetSemanticModel(tree));
#pragma warning restore RS1030

    // A global alias may give a socket another name in every file.
    private TopicsOfFile OfAll(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _topicsOfAll) is { } known)
        {
            return known;
        }

        SocketTopics mentioned = SocketTopics.None, aliased = SocketTopics.None;
        foreach (SyntaxTree tree in Compilation.SyntaxTrees)
        {
            TopicsOfFile file = Of(tree, cancellationToken);
            mentioned |= file.Mentioned;
            aliased |= file.AliasedGlobally;
        }

        return Keep(ref _topicsOfAll, new TopicsOfFile(mentioned, aliased));
    }

    private static TopicsOfFile Of(SyntaxTree tree, CancellationToken cancellationToken) =>
        Files.TryGetValue(tree, out TopicsOfFile? known) ? known : Read(tree, cancellationToken);

    // Apart, because what a lambda captures is allocated at each call of the method around it.
    private static TopicsOfFile Read(SyntaxTree tree, CancellationToken cancellationToken)
    {
        TopicsOfFile read = new(Scanner.Scan(tree.GetText(cancellationToken)), Scanner.ScanGlobalAliases(tree.GetRoot(cancellationToken)));
        return Files.GetValue(tree, _ => read);
    }

    private SocketTopics TopicsOf(INamedTypeSymbol type, int depth, CancellationToken cancellationToken)
    {
        const int DeepestChain = 32;
        type = type.OriginalDefinition;
        if (depth > DeepestChain)
        {
            return SocketTopics.None;
        }

        if (_topicsOfTypes.TryGetValue(type, out SocketTopics known))
        {
            return known;
        }

        SocketTopics topics = SocketTopics.None;
        foreach (SyntaxReference part in type.DeclaringSyntaxReferences)
        {
            topics |= Of(part.SyntaxTree, cancellationToken).Mentioned;
        }

        if (type.BaseType is { } baseType && !baseType.DeclaringSyntaxReferences.IsEmpty)
        {
            topics |= TopicsOf(baseType, depth + 1, cancellationToken);
        }

        if (type.ContainingType is { } containing)
        {
            topics |= TopicsOf(containing, depth + 1, cancellationToken);
        }

        return _topicsOfTypes.GetOrAdd(type, topics);
    }

    private sealed class TopicsOfFile(SocketTopics mentioned, SocketTopics aliasedGlobally)
    {
        internal SocketTopics Mentioned { get; } = mentioned;

        internal SocketTopics AliasedGlobally { get; } = aliasedGlobally;
    }

    private sealed class TopicsOfOwner(ISymbol owner, SyntaxTree tree, SocketTopics topics)
    {
        internal ISymbol Owner { get; } = owner;

        internal SyntaxTree Tree { get; } = tree;

        internal SocketTopics Topics { get; } = topics;
    }
}
