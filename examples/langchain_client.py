"""LangChain's chat model for OpenAI, pointed at Sluice. Needs `pip install langchain-openai`.

    python langchain_client.py "What is a sluice?"

`SLUICE_URL` is the server's address, `SLUICE_KEY` a personal key (or an access token), and
`SLUICE_MODEL` any model that the server has.

LlamaIndex and the SDK of OpenAI need the same three:

    from llama_index.llms.openai_like import OpenAILike
    OpenAILike(model="demo", api_base="http://localhost:8000/v1", api_key=key, is_chat_model=True)

    from openai import OpenAI
    OpenAI(base_url="http://localhost:8000/v1", api_key=key)
"""

import os
import sys

from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    base_url=os.environ.get("SLUICE_URL", "http://localhost:8000") + "/v1",
    api_key=os.environ["SLUICE_KEY"],
    model=os.environ.get("SLUICE_MODEL", "demo"),
    stream_usage=True,
)
usage = None
for chunk in model.stream(" ".join(sys.argv[1:]) or "What is a sluice?"):
    print(chunk.text, end="", flush=True)
    usage = chunk.usage_metadata or usage
print("\n", usage)
