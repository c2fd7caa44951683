"""LangChain chat models as models of a Sluice server. Needs `pip install 'sluice[langchain]'`.

Start the server in this folder, then ask for the model `langchain/parrot`:

    SLUICE_LANGCHAIN=parrot=langchain_models:parrot sluice serve
    curl -s localhost:8000/api/v1/query -H 'Content-Type: application/json' \
        -d '{"query": "Hello", "model": "langchain/parrot"}'

A real one is made in the same way, by a function that takes nothing:

    from langchain_ollama import ChatOllama

    def llama():
        return ChatOllama(model="llama3.2")
"""

from langchain_core.language_models import FakeListChatModel


def parrot() -> FakeListChatModel:
    """Says the same to everybody, as models in tests do."""
    return FakeListChatModel(responses=["Hello from a LangChain chat model!"])
